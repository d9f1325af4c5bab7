from lightning_modeinterp.datasets.gaussian_mixture import GaussianMixtureDataset
from lightning_modeinterp.datasets.sample_requests import SampleRequests
from lightning_modeinterp.datasets.simple_shapes import SimpleShapesDataset

__all__ = ["GaussianMixtureDataset", "SampleRequests", "SimpleShapesDataset"]
