"""Rows of Gaussian mixtures. Most other tests take them, so they are what is tried, and not only a family."""

from tests.integration.conftest import NETWORK

EXPERIMENTS = {
    "gaussian_1d": NETWORK,
    "gaussian_1d_vdm": NETWORK,
    "gaussian_2d_grid": NETWORK,
    "gaussian_2d_vdm": NETWORK,
}
"""Names of experiments, and what makes their networks and samples small."""

LIKE_ANOTHER = {"gaussian_1d_vdm": "a VDM as in the plane"}
"""Experiments that show nothing which another does not, and why; they are slow tests."""
