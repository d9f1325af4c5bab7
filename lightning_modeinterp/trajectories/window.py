"""The part of the reverse trajectory that a statistic uses."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

MIN_STEPS = 3


@dataclass(frozen=True)
class Window:
    """A part of the reverse trajectory, given in exactly one of three ways.

    Step indices cannot be compared across schedules and numbers of steps, noise levels can; the step forms are for
    published settings. All ends are inclusive.

    Args:
        last_steps: The last n steps of the sampler.
        steps: First and last of a range, counted in steps left: [0, 9] is the last ten.
        noise_to_signal: Lowest and highest sigma / alpha, the noise in units of the model's data.

    Raises:
        ConfigurationError: If not exactly one way is given.

    Example:
        >>> Window(last_steps=10) == Window(last_steps=10)
        True
    """

    last_steps: int | None = None
    steps: tuple[int, int] | None = None
    noise_to_signal: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        given = {k: v for k, v in vars(self).items() if v is not None}
        if len(given) != 1:
            raise ConfigurationError(
                f"window: expected exactly one of last_steps, steps and noise_to_signal, got {given or 'none'}"
            )

    def steps_left(self, levels: NoiseLevel) -> range:
        """Steps of a sampler in the window, counted as `SamplingStep.index`.

        Args:
            levels: The sampler's S levels, noisiest first.

        Raises:
            ConfigurationError: If the window exceeds the sampler's steps or holds fewer than 3 of them.
        """
        return self.steps_among(len(levels), levels.noise_to_signal)

    def steps_among(self, num_steps: int, noise_to_signal: Tensor | None = None) -> range:
        """The same, given the number of steps and, for a window of noise levels, their sigma / alpha.

        Args:
            num_steps: Number S of steps.
            noise_to_signal: sigma / alpha of each step, (S,), noisiest first.

        Raises:
            ConfigurationError: As `steps_left`, or for a window of noise levels without any.
        """
        first, last = self._ends(noise_to_signal)
        if first < 0 or last >= num_steps:
            raise ConfigurationError(
                f"window {self}: expected steps within 0..{num_steps - 1}, got {first}..{last}; "
                "the sampler has no such step"
            )
        self.check_count(last - first + 1)
        return range(first, last + 1)

    def holds(self, noise_to_signal: float) -> bool:
        """Whether a step at this sigma / alpha is in the window, ends included.

        Raises:
            ConfigurationError: If the window counts steps.
        """
        low, high = self.noise_ends()
        return low <= noise_to_signal <= high

    def noise_ends(self) -> tuple[float, float]:
        """Lowest and highest sigma / alpha.

        Raises:
            ConfigurationError: If the window counts steps, for which all levels are needed in advance.
        """
        if self.noise_to_signal is None:
            raise ConfigurationError(
                f"window {self}: expected the levels before the first step, since it counts the steps left, got "
                "none; give them, or a window of noise_to_signal"
            )
        return self.noise_to_signal

    def check_count(self, num_steps: int) -> None:
        """Raise a `ConfigurationError` for fewer than 3 steps, which have no meaningful variance."""
        if num_steps < MIN_STEPS:
            raise ConfigurationError(
                f"window {self}: expected at least {MIN_STEPS} of the sampler's steps, got {max(num_steps, 0)}; "
                "widen the window or use more sampling steps"
            )

    def fits(self, levels: NoiseLevel) -> bool:
        """Whether the window is within a sampler's steps and holds at least 3 of them.

        Args:
            levels: The sampler's S levels, noisiest first.
        """
        try:
            self.steps_left(levels)
        except ConfigurationError:
            return False
        return True

    def _ends(self, noise_to_signal: Tensor | None) -> tuple[int, int]:
        if self.last_steps is not None:
            return 0, self.last_steps - 1
        if self.steps is not None:
            return self.steps
        if noise_to_signal is None:
            raise ConfigurationError(f"window {self}: expected noise_to_signal of each step, got none; give it")
        low, high = self.noise_ends()
        noise = noise_to_signal.flip(0)  # by steps left
        inside = ((noise >= low) & (noise <= high)).nonzero().flatten()
        if len(inside) == 0:
            raise ConfigurationError(
                f"window {self}: expected noise levels within the sampler's {noise[0]:.4g}..{noise[-1]:.4g}, "
                f"got {low:.4g}..{high:.4g}"
            )
        return int(inside[0]), int(inside[-1])

    def __str__(self) -> str:
        return ", ".join(f"{k}={v}" for k, v in vars(self).items() if v is not None)


def named_windows(given: Mapping[str, Window | tuple[float, float]]) -> dict[str, Window]:
    """Windows by name, each given as a `Window` or as the lowest and highest sigma / alpha.

    Raises:
        ConfigurationError: For an invalid pair.

    Example:
        >>> str(named_windows({"late": (0.0, 0.5)})["late"])
        'noise_to_signal=(0.0, 0.5)'
    """
    return {name: each if isinstance(each, Window) else _between(name, each) for name, each in given.items()}


def _between(name: str, ends: tuple[float, float]) -> Window:
    low, high = ends if len(ends) == 2 else (1.0, 0.0)
    if not 0 <= low < high:
        raise ConfigurationError(
            f"window {name}: expected a lowest and a higher sigma / alpha, got {ends}; give for example (0.0, 0.5)"
        )
    return Window(noise_to_signal=(float(low), float(high)))
