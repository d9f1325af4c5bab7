"""What is measured of a model itself while it is trained."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from lightning_modeinterp.callbacks.generated import data_of
from lightning_modeinterp.data import Probe
from lightning_modeinterp.data.images import RuleProbe
from lightning_modeinterp.modules import DiffusionModule, subject_of


class ValidationProbes(Callback):
    """Log as ``val/<name>`` what probes of the data measure at each validation; those that are meant for it.

    A test asks all probes, without this callback.

    Args:
        num_pairs: Number of pairs of images that a `RuleProbe` looks at. Its own if None.
    """

    def __init__(self, num_pairs: int | None = None) -> None:
        self.num_pairs = num_pairs
        self.probes: list[Probe] = []
        self.values: dict[str, float] = {}

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Take the probes that the data bring."""
        self.probes = [probe for probe in data_of(trainer).probes() if probe.in_validation]
        for probe in self.probes:
            if isinstance(probe, RuleProbe):
                probe.num_pairs = self.num_pairs or probe.num_pairs

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Measure with the first batch, while averaged weights are in place."""
        if batch_idx == dataloader_idx == 0 and isinstance(pl_module, DiffusionModule):
            subject = subject_of(pl_module, data_of(trainer))
            self.values = {name: value for probe in self.probes for name, value in probe.measure(subject).items()}

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log; every process has measured the same."""
        pl_module.log_dict({f"val/{name}": value for name, value in self.values.items()}, sync_dist=True)
