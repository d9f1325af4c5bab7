"""Rows of Gaussian mixtures. Most other tests take them, so they are what is tried, and not only a family."""

from tests.integration.conftest import NETWORK

EXPERIMENTS = {
    "gaussian_1d": NETWORK,
    "gaussian_1d_vdm": NETWORK,
    "gaussian_2d_grid": NETWORK,
    "gaussian_2d_vdm": NETWORK,
}
"""Names of experiments, and what makes their networks and samples small."""

LIKE_ANOTHER = {
    "gaussian_1d": "test_ranks.py runs it on two processes, and most tests on one",
    "gaussian_1d_vdm": "its data are those of gaussian_1d, its module that of gaussian_2d_vdm",
    "gaussian_2d_grid": "its data are those of gaussian_2d_vdm, its module that of gaussian_1d",
}
"""Experiments that show nothing which another does not, and why; they are slow tests."""
