"""The seam: a trajectory statistic as three pure functions on tensors, ``init``, ``update``, ``result``.

The sampler calls `init` once a block, `update` at every step and `result` at the end, so what an observer holds, not
the number of steps, decides the memory it takes. An observer that gives one number a sample, higher where the sample is
more suspect, may say so by ``is_score``: detection then treats it as it does the variance.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from torch import Tensor

from lightning_modeinterp.records import NoiseLevel, SamplingStep

State = TypeVar("State")


class TrajectoryObserver(ABC, Generic[State]):
    """Sees every step of a reverse trajectory. It keeps nothing itself: all it knows stands in the state."""

    is_score: ClassVar[bool] = False
    """Whether the result is one number a sample, (B,), that is higher where the sample is more suspect."""

    @property
    def picked_rows(self) -> Sequence[int] | None:
        """Positions of the samples within the block that the result is of. None, as by default, if of all."""
        return None

    @abstractmethod
    def init(self, x_t: Tensor, levels: NoiseLevel) -> State:
        """State before the first step.

        Args:
            x_t: The noise that sampling starts from, (B, *sample_shape), model units.
            levels: The sampler's S levels, noisiest first.
        """

    @abstractmethod
    def update(self, state: State, step: SamplingStep) -> State:
        """State after one more step; the state that was given stays as it was."""

    @abstractmethod
    def result(self, state: State) -> Tensor:
        """Statistic of each trajectory, (B, ...), in sample order; of `picked_rows` alone where there are some."""

    def check(self, levels: NoiseLevel, sample_shape: Sequence[int]) -> None:
        """Raise a `ConfigurationError` if the statistic cannot be computed on these S levels, or samples of a shape."""
