"""The interface of metrics of generated samples."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict


class GenerationMetric(Metric, ABC):
    """Measure a set of generated samples.

    A subclass declares states with ``add_state`` and implements ``update`` and ``compute``. With summed states
    (``dist_reduce_fx="sum"``) one process and many give the same number. States keep their declared precision, also if
    the model around them is cast to another.

    ``update`` receives only samples that did not diverge: diverged ones are in no rate, only in that of
    `DivergedRate`.

    A metric of generated samples cannot see data that were never generated: it has a count or an interval, but not what
    was missed.

    Example:
        >>> import torch
        >>> class MeanVariance(GenerationMetric):
        ...     def __init__(self) -> None:
        ...         super().__init__()
        ...         self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        ...         self.add_state("num_samples", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        ...
        ...     def update(self, generated: GeneratedBatch) -> None:
        ...         self.total = self.total + generated.score("variance/last").double().sum()
        ...         self.num_samples = self.num_samples + len(generated)
        ...
        ...     def compute(self) -> dict[str, Tensor]:
        ...         return {"mean_variance": self.total / self.num_samples}
        >>> metric = MeanVariance()
        >>> metric.update(GeneratedBatch(torch.arange(4), torch.zeros(4, 2), {"variance/last": torch.ones(4)}, 4))
        >>> metric.compute()
        {'mean_variance': tensor(1., dtype=torch.float64)}
    """

    sees_diverged: ClassVar[bool] = False
    """Whether ``update`` receives diverged samples too."""

    full_state_update: bool | None = False
    is_differentiable: bool | None = False

    @abstractmethod
    def update(self, generated: GeneratedBatch) -> None:
        """Add a batch of generated samples.

        Args:
            generated: Samples with their scores and, if the data have an oracle, its verdict.
        """

    @abstractmethod
    def compute(self) -> dict[str, Tensor]:
        """The numbers over all samples since the last reset.

        Returns:
            Flat names to scalar tensors; nan if there is nothing to measure.
        """

    def sync(
        self,
        dist_sync_fn: Callable[..., Any] | None = None,
        process_group: Any | None = None,
        should_sync: bool = True,
        distributed_available: Callable[[], bool] | None = None,
    ) -> None:
        """Gather the states of all processes, unless ``sync_on_compute`` is false.

        torchmetrics uses that setting only in `compute`, with its value at construction. So a process that measures
        something alone would wait for the others for ever.
        """
        super().sync(dist_sync_fn, process_group, should_sync and self.sync_on_compute, distributed_available)

    def _wrap_update(self, update: Callable[[GeneratedBatch], None]) -> Callable[[GeneratedBatch], None]:
        """Leave out diverged samples, for every metric in one place; torchmetrics wraps each ``update`` with this."""

        @functools.wraps(update)
        def update_of_sound(generated: GeneratedBatch) -> None:
            update(generated if self.sees_diverged else generated.sound())

        wrapped: Callable[[GeneratedBatch], None] = super()._wrap_update(update_of_sound)
        return wrapped

    def verdict_of(self, generated: GeneratedBatch) -> SupportVerdict:
        """The verdict of a batch, which is required.

        Args:
            generated: A batch.

        Returns:
            Its verdict.

        Raises:
            ConfigurationError: If the batch was not judged.
        """
        if generated.verdict is None:
            raise ConfigurationError(
                f"{type(self).__name__} expected judged samples, got a batch without a verdict; "
                "give the data a support oracle (`data.init_args.support`) or remove this metric"
            )
        return generated.verdict

    def scalars(self, values: Mapping[str, float | Tensor]) -> dict[str, Tensor]:
        """Convert plain numbers to scalar tensors on the metric's device.

        Args:
            values: Names to numbers or scalar tensors.

        Returns:
            The same names; fractions float64, counts int64.
        """
        return {
            name: torch.as_tensor(value, dtype=torch.float64 if isinstance(value, float) else None, device=self.device)
            for name, value in values.items()
        }

    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> nn.Module:
        """Follow a move to another device, but not to another precision, in which sums would be wrong."""
        return super()._apply(lambda tensor: tensor.to(device=fn(tensor).device), exclude_state)
