from lightning_modeinterp.datasets.gaussian_mixture import GaussianMixtureDataset
from lightning_modeinterp.datasets.sample_requests import SampleRequests

__all__ = ["GaussianMixtureDataset", "SampleRequests"]
