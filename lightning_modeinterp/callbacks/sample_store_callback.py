"""The output of predict: a sample store in the run directory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_info
from lightning.pytorch.utilities.exceptions import SIGTERMException

from lightning_modeinterp.callbacks.generated import data_of, warn_of_diverged
from lightning_modeinterp.provenance import note_end, note_start
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStoreWriter

PROVENANCE = "provenance.json"


class SampleStoreCallback(Callback):
    """Write the samples of predict to ``predictions/``; a repeated start draws only the missing ones.

    Args:
        seconds: Interval at which samples are written; a kill loses no more than that.
    """

    def __init__(self, seconds: float = 30.0) -> None:
        self.seconds = seconds
        self.fingerprint: Mapping[str, Any] = {}
        self.writer: SampleStoreWriter | None = None

    def make_writer(self, trainer: L.Trainer, num_samples: int, block_size: int) -> SampleStoreWriter:
        """Writer of the run's store."""
        path = Path(trainer.default_root_dir) / "predictions"
        return SampleStoreWriter(path, self.fingerprint, num_samples, block_size, seconds=self.seconds)

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Open the store and request its missing blocks."""
        if stage != "predict" or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        data = data_of(trainer)
        self.writer = self.make_writer(trainer, data.generation.num_samples, data.generation.block_size)
        if trainer.is_global_zero:
            self.writer.prepare()
            facts = {"checkpoint": str(trainer.ckpt_path), "num_processes": trainer.world_size}
            note_start(self.writer.path / PROVENANCE, {**facts, "num_threads": torch.get_num_threads()})
        missing = trainer.strategy.broadcast(self.writer.missing_blocks() if trainer.is_global_zero else torch.empty(0))
        data.requested_blocks = missing
        num_blocks = -(-data.generation.num_samples // data.generation.block_size)
        if (num_there := num_blocks - len(missing)) > 0:
            rest = "the others follow" if len(missing) else "nothing is left to draw"
            rank_zero_info(f"{self.writer.path}: {num_there} of {num_blocks} blocks are there, {rest}")

    def on_predict_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Write one batch; stop after it on SIGTERM, which Lightning's predict loop does not check."""
        if isinstance(outputs, GeneratedBatch) and self.writer:
            self.writer.add(outputs)
        if trainer.received_sigterm:
            raise SIGTERMException

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Finish the store; not at the end of the predict loop, which a process without blocks skips."""
        if self.writer is None:
            return
        self.writer.flush()
        trainer.strategy.barrier()
        if trainer.is_global_zero:
            self._finish(self.writer)
        trainer.strategy.barrier()
        self.writer = None

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Keep what has been drawn."""
        if self.writer:
            self.writer.flush()

    def _finish(self, writer: SampleStoreWriter) -> None:
        if num_missing := writer.finish():  # such as under limit_predict_batches
            rank_zero_info(f"{writer.path}: unfinished, {num_missing} blocks are missing; the same command resumes it")
        else:
            note_end(writer.path / PROVENANCE)
            warn_of_diverged(writer.num_diverged(), writer.num_samples)
