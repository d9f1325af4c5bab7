from lightning_modeinterp.support.base import SupportOracle
from lightning_modeinterp.support.density_threshold import DensityThreshold
from lightning_modeinterp.support.gaussian_modes import GaussianModes
from lightning_modeinterp.support.shape_count import ShapeCount
from lightning_modeinterp.support.shape_finder import FoundShapes, ShapeFinder

__all__ = ["DensityThreshold", "FoundShapes", "GaussianModes", "ShapeCount", "ShapeFinder", "SupportOracle"]
