"""Data sets: one folder a family, with all that belongs to it. A folder that is taken away breaks nothing."""

import pkgutil
from importlib import import_module

from lightning_modeinterp.data.batch_loader import BatchedDataset, BatchLoader
from lightning_modeinterp.data.datamodule import ModeInterpDataModule, Split
from lightning_modeinterp.data.probe import Probe, Subject
from lightning_modeinterp.data.sample_requests import SampleRequests
from lightning_modeinterp.data.stored_samples import StoredSamples

__all__ = [
    "BatchLoader",
    "BatchedDataset",
    "ModeInterpDataModule",
    "Probe",
    "SampleRequests",
    "Split",
    "StoredSamples",
    "Subject",
]

# so that a config may name the classes of every family by their short names
for _module in pkgutil.iter_modules(__path__):
    if _module.ispkg:
        import_module(f"{__name__}.{_module.name}")
