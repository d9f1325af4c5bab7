"""The seam between generated samples and numbers about them."""

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

    The seam for metrics: a newcomer declares states with ``add_state`` and writes ``update`` and ``compute``. States
    that are summed (``dist_reduce_fx="sum"``) make one process and many give the same number. States keep the precision
    they were declared with, also where the model around them is cast to another.

    ``update`` gets the samples that did not diverge, whoever calls it: those that did are in no rate, only in the share
    that `DivergedRate` counts.

    A metric of generated samples cannot tell of data that were never generated: it says how sure it is (a count, an
    interval), not what was missed.

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
    """Whether ``update`` gets the samples that diverged too."""

    full_state_update: bool | None = False
    is_differentiable: bool | None = False

    @abstractmethod
    def update(self, generated: GeneratedBatch) -> None:
        """Take in a batch of generated samples.

        Args:
            generated: Samples with their scores and, where the data have an oracle, its verdict.
        """

    @abstractmethod
    def compute(self) -> dict[str, Tensor]:
        """Give the numbers over all samples since the last reset.

        Returns:
            Flat names to scalar tensors; nan where there is nothing to measure.
        """

    def sync(
        self,
        dist_sync_fn: Callable[..., Any] | None = None,
        process_group: Any | None = None,
        should_sync: bool = True,
        distributed_available: Callable[[], bool] | None = None,
    ) -> None:
        """Gather the states of all processes, but where ``sync_on_compute`` is false: no process waits for another.

        torchmetrics heeds that setting in `compute` alone, and there as it was when the metric was made. So a process
        that measures what it alone has would wait for the others for ever.
        """
        super().sync(dist_sync_fn, process_group, should_sync and self.sync_on_compute, distributed_available)

    def _wrap_update(self, update: Callable[[GeneratedBatch], None]) -> Callable[[GeneratedBatch], None]:
        """Leave out what diverged, for every metric in one place; torchmetrics wraps each ``update`` by this."""

        @functools.wraps(update)
        def update_of_sound(generated: GeneratedBatch) -> None:
            update(generated if self.sees_diverged else generated.sound())

        wrapped: Callable[[GeneratedBatch], None] = super()._wrap_update(update_of_sound)
        return wrapped

    def verdict_of(self, generated: GeneratedBatch) -> SupportVerdict:
        """Give the verdict of a batch that has to have one.

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
                "give the data a support oracle (`data.init_args.support`) or leave this metric out"
            )
        return generated.verdict

    def scalars(self, values: Mapping[str, float | Tensor]) -> dict[str, Tensor]:
        """Turn plain numbers into scalar tensors on the metric's device.

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
        """Follow a move to another device, but not to another precision: sums of many samples would drown in it."""
        return super()._apply(lambda tensor: tensor.to(device=fn(tensor).device), exclude_state)
