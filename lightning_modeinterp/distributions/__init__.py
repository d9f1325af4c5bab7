from lightning_modeinterp.distributions.arrangements import (
    Arrangement,
    arranged_means,
    diamond_means,
    grid_means,
    grid_scale,
)
from lightning_modeinterp.distributions.exclusion_pairs import ExclusionPairs, exclusion_pairs
from lightning_modeinterp.distributions.gaussian_mixture import GaussianMixture
from lightning_modeinterp.distributions.hull import uniform_in_hull
from lightning_modeinterp.distributions.simple_shapes import PlacedShapes, SimpleShapes

__all__ = [
    "Arrangement",
    "ExclusionPairs",
    "GaussianMixture",
    "PlacedShapes",
    "SimpleShapes",
    "arranged_means",
    "diamond_means",
    "exclusion_pairs",
    "grid_means",
    "grid_scale",
    "uniform_in_hull",
]
