from lightning_modeinterp.distributions.arrangements import (
    Arrangement,
    arranged_means,
    diamond_means,
    grid_means,
    grid_scale,
)
from lightning_modeinterp.distributions.exclusion_pairs import ExclusionPairs, exclusion_pairs
from lightning_modeinterp.distributions.gaussian_mixture import GaussianMixture
from lightning_modeinterp.distributions.height_groups import HEIGHT_GROUPS, HeightGroups, height_groups
from lightning_modeinterp.distributions.hull import uniform_in_hull
from lightning_modeinterp.distributions.simple_shapes import PlacedShapes, SimpleShapes

__all__ = [
    "HEIGHT_GROUPS",
    "Arrangement",
    "ExclusionPairs",
    "GaussianMixture",
    "HeightGroups",
    "PlacedShapes",
    "SimpleShapes",
    "arranged_means",
    "diamond_means",
    "exclusion_pairs",
    "grid_means",
    "grid_scale",
    "height_groups",
    "uniform_in_hull",
]
