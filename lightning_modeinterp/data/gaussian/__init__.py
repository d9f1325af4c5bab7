from lightning_modeinterp.data.gaussian.arrangements import (
    Arrangement,
    arranged_means,
    diamond_means,
    grid_means,
    grid_scale,
)
from lightning_modeinterp.data.gaussian.datamodule import GaussianMixtureDataModule
from lightning_modeinterp.data.gaussian.dataset import GaussianMixtureDataset
from lightning_modeinterp.data.gaussian.density_threshold import DensityThreshold
from lightning_modeinterp.data.gaussian.exact_mixture import ExactMixture
from lightning_modeinterp.data.gaussian.exact_spread import ExactSpread
from lightning_modeinterp.data.gaussian.gaussian_modes import GaussianModes
from lightning_modeinterp.data.gaussian.grid_datamodule import GaussianGridDataModule
from lightning_modeinterp.data.gaussian.hull import uniform_in_hull
from lightning_modeinterp.data.gaussian.mixture import GaussianMixture
from lightning_modeinterp.data.gaussian.mode_statistics import ModeStatistics
from lightning_modeinterp.data.gaussian.pair_interpolation import PairInterpolation
from lightning_modeinterp.data.gaussian.score_slopes import ScoreSlopes

__all__ = [
    "Arrangement",
    "DensityThreshold",
    "ExactMixture",
    "ExactSpread",
    "GaussianGridDataModule",
    "GaussianMixture",
    "GaussianMixtureDataModule",
    "GaussianMixtureDataset",
    "GaussianModes",
    "ModeStatistics",
    "PairInterpolation",
    "ScoreSlopes",
    "arranged_means",
    "diamond_means",
    "grid_means",
    "grid_scale",
    "uniform_in_hull",
]
