"""Probes of a model during training: those of the data, and your own."""

from collections.abc import Sequence
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from lightning_modeinterp.callbacks.generated import data_of
from lightning_modeinterp.data import Probe
from lightning_modeinterp.data.images import RuleProbe
from lightning_modeinterp.modules import DiffusionModule, subject_of


class ValidationProbes(Callback):
    """Log as ``val/<name>`` the measurements of those probes that run in validation.

    A test runs all probes: those of the data also without this callback, and the further ones given here.

    Args:
        num_pairs: Number of pairs of images for a `RuleProbe` of the data. Its own if None.
        probes: Further probes besides those of the data.
    """

    def __init__(self, num_pairs: int | None = None, probes: Sequence[Probe] = ()) -> None:
        self.num_pairs = num_pairs
        self.extra_probes = list(probes)
        self.probes: list[Probe] = []
        self.values: dict[str, float] | None = None

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Collect the probes of the data and the further ones."""
        of_the_data = data_of(trainer).probes()
        for probe in of_the_data:
            if isinstance(probe, RuleProbe):
                probe.num_pairs = self.num_pairs or probe.num_pairs
        self.probes = [probe for probe in (*of_the_data, *self.extra_probes) if probe.in_validation]

    def on_validation_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Discard the measurements of an earlier validation."""
        self.values = None

    def on_validation_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Measure with the first batch, while averaged weights are in place."""
        if self.values is None and isinstance(pl_module, DiffusionModule):
            subject = subject_of(pl_module, data_of(trainer))
            self.values = {name: value for probe in self.probes for name, value in probe.measure(subject).items()}

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log; every process has measured the same."""
        pl_module.log_dict({f"val/{name}": value for name, value in (self.values or {}).items()}, sync_dist=True)


def probes_of(trainer: L.Trainer) -> list[Probe]:
    """All probes of a run: those of its data, made anew at each call, and further ones of `ValidationProbes`."""
    callbacks = trainer.callbacks  # type: ignore[attr-defined]  # set behind the scenes
    extra = [probe for each in callbacks if isinstance(each, ValidationProbes) for probe in each.extra_probes]
    return [*data_of(trainer).probes(), *extra]
