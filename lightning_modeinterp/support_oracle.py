"""The interface that decides what counts as a hallucination, one class per family of data."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from lightning_modeinterp.records import SupportVerdict

IN_SUPPORT, AMBIGUOUS = 0, 1


class SupportOracle(ABC):
    """Judges generated samples against the known support of the data.

    Args:
        hallucination_kinds: Names of the kinds of hallucination, at least one.
    """

    def __init__(self, hallucination_kinds: Sequence[str]) -> None:
        self.kinds = ("in_support", "ambiguous", *hallucination_kinds)

    @abstractmethod
    def judge(self, samples: Tensor) -> SupportVerdict:
        """Judge each sample independently.

        Args:
            samples: (N, *sample_shape), data units.

        Returns:
            A verdict whose ``kinds`` are the oracle's.
        """
