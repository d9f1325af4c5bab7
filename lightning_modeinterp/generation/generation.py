"""Sampling settings: the ``generation`` group of a config, used by `Drawing`."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from lightning_modeinterp.detectors import EndPointScore
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler, Sampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import variance_score
from lightning_modeinterp.threshold import PUBLISHED_RETAINED, check_retained
from lightning_modeinterp.trajectories import TrajectoryObserver, TrajectoryVariance, Window

LAST_10 = "last_10"
"""The paper's window for Gaussian data."""
TAKEN = ("index", "samples", "diverged", "kind", "mode")
"""Names of other columns in a sample store."""


@dataclass(frozen=True)
class Monitor:
    """Cheaper settings for the samples that are drawn during training.

    Args:
        num_samples: Number of samples per validation. 0 draws none.
        num_steps: Number of sampling steps. The sampler's own if None.
    """

    num_samples: int = 2048
    num_steps: int | None = None


class Generation:
    """How samples are drawn. It is not stored in checkpoints, so every command can set it.

    Args:
        sampler: The sampler. Ancestral sampling over all steps if None.
        windows: Parts of the trajectory over which the variance of x_0_hat is taken, by name. The last 10 steps if
            None, as in the paper for Gaussian data.
        window: Name of the window that detects.
        retained: Share of the samples in support that detection keeps, in (0, 1]; 0.96 as published.
        num_samples: Number of samples of test and predict.
        block_size: Samples per block, which is also the network's batch. Another size gives other samples.
        seed: Seed of the sampling noise. If None, ``seed_everything`` on the command line, else 0.
        monitor: Cheaper settings for validation. The defaults of `Monitor` if None.
        observers: Further trajectory statistics, by name. Those that are scores are evaluated as detectors.
        end_point_scores: Scores of the final samples, by name; they are evaluated as detectors too.
        true_score: Sample from the true score of the data instead of the model, if it is known. This gives the
            samples of a perfect model in the same sampler.
        compile: Compile the prediction of x_0 (`torch.compile`; a GPU replays it as a CUDA graph). This takes about a
            minute, so it pays off in long draws; results differ in the last bits.

    Raises:
        ConfigurationError: For negative counts, a share out of range, or if ``window`` is not among ``windows``.
    """

    def __init__(
        self,
        sampler: Sampler | None = None,
        windows: dict[str, Window] | None = None,
        window: str = LAST_10,
        retained: float = PUBLISHED_RETAINED,
        num_samples: int = 10_000,
        block_size: int = 1024,
        seed: int | None = None,
        monitor: Monitor | None = None,
        observers: dict[str, TrajectoryObserver] | None = None,  # type: ignore[type-arg]  # the CLI takes any
        end_point_scores: dict[str, EndPointScore] | None = None,
        true_score: bool = False,
        compile: bool = False,
    ) -> None:
        self.sampler = AncestralSampler() if sampler is None else sampler
        self.variance = TrajectoryVariance({LAST_10: Window(last_steps=10)} if windows is None else windows)
        self.window = window
        self.retained = retained
        self.num_samples = num_samples
        self.block_size = block_size
        self.seed = seed or 0
        self.monitor = Monitor() if monitor is None else monitor
        self.observers: dict[str, TrajectoryObserver[Any]] = dict(observers or {})
        self.end_point_scores = dict(end_point_scores or {})
        self.true_score = true_score
        self.compile = compile
        if window not in self.windows:
            raise ConfigurationError(f"generation.window: expected one of {', '.join(self.windows)}, got {window}")
        check_retained(retained)
        self._check_names()
        self._check_rows()
        if num_samples < 1 or block_size < 1 or self.monitor.num_samples < 0:
            raise ConfigurationError(
                "generation: expected num_samples >= 1, block_size >= 1 and monitor.num_samples >= 0, got "
                f"{num_samples}, {block_size} and {self.monitor.num_samples}"
            )

    @property
    def windows(self) -> tuple[str, ...]:
        """Names of the windows, in the order of the variance columns."""
        return tuple(self.variance.windows)

    @property
    def score(self) -> str:
        """Name of the score that detects."""
        return variance_score(self.window)

    @property
    def score_names(self) -> tuple[str, ...]:
        """Names of all scores: the variance over each window, observers that are scores, end-point scores."""
        observed = (name for name, each in self.observers.items() if each.is_score)
        return (*map(variance_score, self.windows), *observed, *self.end_point_scores)

    @property
    def statistic_names(self) -> tuple[str, ...]:
        """Names of the observers that are not scores."""
        return tuple(name for name, each in self.observers.items() if not each.is_score)

    @property
    def blocks(self) -> range:
        """Numbers of the blocks that cover the samples."""
        return range(-(-self.num_samples // self.block_size))

    def of(self, num_samples: int) -> Self:
        """The settings with another number of samples, which are the first of any larger set.

        Raises:
            ConfigurationError: If ``num_samples`` < 1.
        """
        if num_samples < 1:
            raise ConfigurationError(f"num_samples: expected at least 1, got {num_samples}")
        other = copy.copy(self)
        other.num_samples = num_samples
        return other

    def monitoring(self) -> Self:
        """The settings with the monitor's number of samples and steps."""
        other = copy.copy(self)
        other.num_samples = self.monitor.num_samples
        other.sampler = self.sampler.with_num_steps(self.monitor.num_steps)
        return other

    def bare(self) -> Self:
        """The settings without further observers and scores, to draw samples alone."""
        other = copy.copy(self)
        other.observers, other.end_point_scores = {}, {}
        return other

    def check(self, schedule: NoiseSchedule, sample_shape: Sequence[int]) -> None:
        """Raise a `ConfigurationError` if something does not fit a noise schedule or samples of a shape."""
        for score in self.end_point_scores.values():
            score.check(schedule, sample_shape)
        for settings in (self, self.monitoring()):
            levels = settings.sampler.levels(schedule)
            for observer in (self.variance, *self.observers.values()):
                observer.check(levels, sample_shape)

    def _check_names(self) -> None:
        names = [*self.observers, *self.end_point_scores]
        taken = {*TAKEN, *self.windows, *map(variance_score, self.windows)}
        taken |= {name for name in names if names.count(name) > 1}
        if clashing := sorted(taken & set(names)):
            raise ConfigurationError(
                f"generation.observers, generation.end_point_scores: expected unique names, got "
                f"{', '.join(clashing)}, which a window, another statistic or a column of the store has; rename it"
            )

    def _check_rows(self) -> None:
        for name, observer in self.observers.items():
            rows = observer.picked_rows
            if rows is not None and list(rows) != list(range(self.block_size)):
                raise ConfigurationError(
                    f"generation.observers.{name}: expected a row for each sample, got {len(rows)} rows of a block of "
                    f"{self.block_size}; leave rows out, or redraw one block with run.drawing.sample(number, "
                    "'predict', {name: observer})"
                )

    def check_details(self, details: Iterable[str]) -> None:
        """Raise a `ConfigurationError` if a score or statistic has the name of one of the oracle's details.

        Args:
            details: Names of the oracle's details.
        """
        if clashing := sorted(set(details) & {*self.observers, *self.end_point_scores}):
            raise ConfigurationError(
                f"generation.observers, generation.end_point_scores: expected other names than {', '.join(clashing)}, "
                "which are details of the oracle's verdict; rename it"
            )
