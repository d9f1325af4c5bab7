"""An arm of a recursion: how the training data of the next generation are chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lightning_modeinterp.errors import ConfigurationError


@dataclass(frozen=True)
class Arm:
    """A filter, and how its samples are combined with other data.

    Args:
        filter: Class of the filter, such as ``LowestScore``.
        arguments: Its arguments except ``num``, which follows from ``num_kept`` of the recursion.
        num_drawn: Number of samples it chooses from. As many as are kept if None.
        keeps: ``replace`` trains on the last generation alone, as in the paper; ``accumulate`` on the original data and
            the kept samples of all generations.
        real_share: Share of original data in the training data, in [0, 1); for ``replace``.
        is_frozen: Whether a threshold is set on generation 0 and kept.
        warm_start: Whether a generation starts from the weights of the previous one, with a new optimiser and schedule.
            From random weights otherwise.

    Raises:
        ConfigurationError: If a number is out of range, or two settings exclude each other.
    """

    filter: str = "AllSamples"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    num_drawn: int | None = None
    keeps: Literal["replace", "accumulate"] = "replace"
    real_share: float = 0.0
    is_frozen: bool = False
    warm_start: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.real_share < 1 or (self.real_share and self.keeps == "accumulate"):
            raise ConfigurationError(
                f"arm.real_share: expected a share in [0, 1), and 0 where all is accumulated, got {self.real_share}"
            )
        if "num" in self.arguments or "set_on" in self.arguments:
            raise ConfigurationError(
                "arm.arguments: expected neither num nor set_on, which follow from num_kept and is_frozen, got "
                f"{dict(self.arguments)}"
            )

    def num_real(self, num_kept: int) -> int:
        """Number of original training samples among ``num_kept``."""
        return round(self.real_share * num_kept)

    def words(self, num_kept: int) -> tuple[str, ...]:
        """The filter as options of the command line.

        Args:
            num_kept: Training samples of a generation.
        """
        arguments = {**self.arguments, "num": num_kept - self.num_real(num_kept)}
        return (f"--filter={self.filter}", *(f"--filter.{name}={value}" for name, value in arguments.items()))
