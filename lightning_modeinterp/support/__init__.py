from lightning_modeinterp.support.base import SupportOracle
from lightning_modeinterp.support.density_threshold import DensityThreshold
from lightning_modeinterp.support.gaussian_modes import GaussianModes

__all__ = ["DensityThreshold", "GaussianModes", "SupportOracle"]
