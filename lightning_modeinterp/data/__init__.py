"""Data sets: one self-contained folder per family. Removing a folder breaks nothing else."""

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

# so that a config can use short class names of every family
for _module in pkgutil.iter_modules(__path__):
    if _module.ispkg:
        import_module(f"{__name__}.{_module.name}")
