"""The interface of observers: a trajectory statistic as three pure functions, ``init``, ``update``, ``result``.

The sampler calls `init` once per block, `update` at every step and `result` at the end, so memory depends on the state
of an observer, not on the number of steps. An observer that gives one number per sample, higher where it is more
suspect, may set ``is_score``: detection then treats it like the variance.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from torch import Tensor

from lightning_modeinterp.records import NoiseLevel, SamplingStep

State = TypeVar("State")


class TrajectoryObserver(ABC, Generic[State]):
    """Sees every step of a reverse trajectory. It is stateless: everything is in the state that it returns."""

    is_score: ClassVar[bool] = False
    """Whether the result is one number per sample, (B,), that is higher where the sample is more suspect."""

    @property
    def picked_rows(self) -> Sequence[int] | None:
        """Positions within the block of the samples in the result. None, the default, for all."""
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
        """State after one more step; the given state is not changed."""

    @abstractmethod
    def result(self, state: State) -> Tensor:
        """Statistic of each trajectory, (B, ...), in sample order; only of `picked_rows` if given."""

    def check(self, levels: NoiseLevel, sample_shape: Sequence[int]) -> None:
        """Raise a `ConfigurationError` if the statistic cannot be computed on these S levels, or samples of a shape."""
