"""The first samples of an evaluation, kept on the CPU for figures."""

import lightning as L
import torch

from lightning_modeinterp.records import GeneratedBatch


class KeptSamples:
    """Collect batches up to a limit.

    Args:
        max_samples: Number of samples at which collecting stops.
    """

    def __init__(self, max_samples: float) -> None:
        self.max_samples = max_samples
        self.batches: list[GeneratedBatch] = []

    def gathered(self, trainer: L.Trainer, max_samples: int) -> "KeptSamples":
        """The first samples of all processes, in order. All of them have to call it.

        Args:
            trainer: The run.
            max_samples: Number of samples at which collecting stops.

        Returns:
            The samples on the first process, none on the others.
        """
        batches: list[GeneratedBatch] = []
        for rank in range(trainer.world_size):
            part = trainer.strategy.broadcast(self.batches if trainer.global_rank == rank else [], src=rank)
            batches += part if trainer.is_global_zero else []
        together = KeptSamples(max_samples)
        for batch in sorted(batches, key=lambda batch: int(batch.index[0])):
            together.add(batch)
        return together

    def add(self, batch: GeneratedBatch) -> None:
        """Keep a batch if the limit is not reached."""
        if len(self) < self.max_samples:
            self.batches.append(batch.to(torch.device("cpu")))

    def __len__(self) -> int:
        """Number of samples."""
        return sum(map(len, self.batches))

    def sound(self) -> GeneratedBatch:
        """All of them except those that diverged; at least one batch must have been kept."""
        return GeneratedBatch.joined([batch.sound() for batch in self.batches])
