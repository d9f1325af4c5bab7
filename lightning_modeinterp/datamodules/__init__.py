from lightning_modeinterp.datamodules.base import ModeInterpDataModule, Split
from lightning_modeinterp.datamodules.batch_loader import BatchedDataset, BatchLoader
from lightning_modeinterp.datamodules.gaussian_grid import GaussianGridDataModule
from lightning_modeinterp.datamodules.gaussian_mixture import GaussianMixtureDataModule
from lightning_modeinterp.datamodules.simple_shapes import SimpleShapesDataModule

__all__ = [
    "BatchLoader",
    "BatchedDataset",
    "GaussianGridDataModule",
    "GaussianMixtureDataModule",
    "ModeInterpDataModule",
    "SimpleShapesDataModule",
    "Split",
]
