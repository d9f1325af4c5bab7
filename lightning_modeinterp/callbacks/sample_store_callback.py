"""predict's product: a sample store in the run directory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStoreWriter


class SampleStoreCallback(Callback):
    """Write what predict draws to ``predictions/``.

    Args:
        provenance: What the samples are a function of, for the manifest.
    """

    def __init__(self, provenance: Mapping[str, Any]) -> None:
        self.provenance = provenance
        self.writer: SampleStoreWriter | None = None

    def on_predict_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Open the store; refuses a directory that holds samples."""
        self.writer = SampleStoreWriter(Path(trainer.default_root_dir) / "predictions", self.provenance)

    def on_predict_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Write one batch."""
        if isinstance(outputs, GeneratedBatch) and self.writer:
            self.writer.add(outputs)

    def on_predict_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Finish the store."""
        if self.writer:
            self.writer.close()
