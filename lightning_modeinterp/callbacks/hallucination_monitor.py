"""Rates and detection on the samples that validation and test draw."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.utilities import rank_zero_warn

from lightning_modeinterp.callbacks.generated import GeneratedSamplesCallback, data_of, warn_of_diverged
from lightning_modeinterp.callbacks.measured_names import check_names
from lightning_modeinterp.callbacks.validation_probes import probes_of
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.metrics import DivergedRate, GenerationMetric
from lightning_modeinterp.modules import DiffusionModule, subject_of
from lightning_modeinterp.records import GeneratedBatch


class HallucinationMonitor(GeneratedSamplesCallback):
    """Update the metrics with every generated batch, log them, and after a test write ``test_metrics.json``.

    A test also writes the measurements of probes on the model, see `Probe`; `ValidationProbes` runs them in a fit.

    Args:
        metrics: Further metrics besides those of the data.
    """

    def __init__(self, metrics: Sequence[GenerationMetric] = ()) -> None:
        self.extra_metrics = list(metrics)
        self.metrics: list[GenerationMetric] = []
        self.results: dict[str, float] = {}
        self._has_validated = False

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Collect the metrics of the data, and the share of diverged samples."""
        self.metrics = [DivergedRate(), *data_of(trainer).metrics(), *self.extra_metrics]
        check_names(self.metrics, probes_of(trainer))

    def take(self, module: L.LightningModule, generated: GeneratedBatch) -> None:
        """Update the metrics."""
        for metric in self.metrics:
            metric.to(module.device).update(generated)

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Warn once if fewer samples are drawn than requested."""
        if not trainer.sanity_checking and not self._has_validated:
            self._has_validated = True
            _warn_of_limit(trainer, "limit_val_batches", trainer.num_val_batches, trainer.val_dataloaders)

    def on_test_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Warn if fewer samples are drawn than requested."""
        _warn_of_limit(trainer, "limit_test_batches", trainer.num_test_batches, trainer.test_dataloaders)

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the metrics."""
        self._finish(pl_module, "val", drew=data_of(trainer).generation.monitor.num_samples > 0)

    def on_test_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the metrics and write them to a file, with the losses and the measurements of probes."""
        self._finish(pl_module, "test", drew=True)
        warn_of_diverged(int(self.results["num_diverged"]), int(self.results["num_drawn"]))
        self.results |= self._of_the_model(pl_module, data_of(trainer))
        if trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined]
            path = Path(trainer.default_root_dir) / "test_metrics.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = {name: value if math.isfinite(value) else None for name, value in self.results.items()}
            write_aside(path, json.dumps(values, indent=1).encode())  # JSON knows no nan: null is "not measurable"

    def _finish(self, module: L.LightningModule, stage: str, drew: bool) -> None:
        if not drew:
            return
        self.results = {}
        for metric in self.metrics:
            self.results |= {name: value.item() for name, value in metric.compute().items()}
            metric.reset()
        module.log_dict({f"{stage}/{name}": float(value) for name, value in self.results.items()}, sync_dist=True)

    def _of_the_model(self, module: L.LightningModule, data: ModeInterpDataModule) -> dict[str, float]:
        if not isinstance(module, DiffusionModule):
            return {}
        values = {name: mean.item() for name, mean in module.mean_losses().items()}
        for probe in probes_of(module.trainer):
            values |= probe.measure(subject_of(module, data, self.results | values))
        return values


def _warn_of_limit(trainer: L.Trainer, limit: str, num_taken: Sequence[float], loaders: Any) -> None:
    """Warn if Lightning limits the batches of data and samples in a validation or test."""
    shares = [(taken, len(loader)) for taken, loader in zip(num_taken, loaders, strict=True)]
    if trainer.fast_dev_run or all(taken >= num for taken, num in shares):  # type: ignore[attr-defined]
        return
    (data, of_data), (samples, of_samples) = shares
    rank_zero_warn(
        f"trainer.{limit}: each process takes {data} of {of_data} batches of data and draws {samples} of {of_samples} "
        "batches of samples, so losses and rates are of fewer than requested; to request fewer, set the sizes in "
        "data and generation"
    )
