"""Results of a watch: one score per sample, by name."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.records import VARIANCE
from lightning_modeinterp.trajectories import TrajectoryObserver, Window
from lightning_modeinterp.watching.hook import SchedulerHook
from lightning_modeinterp.watching.settings import settings_of
from lightning_modeinterp.watching.trajectories import Trajectories

INDEX = "index"
"""Column with the index of the sample."""


class Seen:
    """Results of the ``with`` block of a watch. Use `watch` to make one.

    Args:
        windows: Windows of the variance of x_0_hat, by name.
        observers: Further statistics, by name.
        noise_to_signal: sigma / alpha of all steps of a bare loop, noisiest first, if known in advance.
        scheduler: The scheduler to watch. None for a loop that calls `see`.
        pipeline: The pipeline of the scheduler, for `fingerprint`.

    Raises:
        ConfigurationError: If the scheduler is not known, or required levels are missing.
    """

    def __init__(
        self,
        windows: Mapping[str, Window],
        observers: Mapping[str, TrajectoryObserver[Any]],
        noise_to_signal: Sequence[float] | None = None,
        scheduler: Any | None = None,
        pipeline: Any | None = None,
    ) -> None:
        self._trajectories = Trajectories(windows, observers)
        if scheduler is None and noise_to_signal is None and self._trajectories.counts_steps:
            raise ConfigurationError(
                "watch: expected the levels of the loop, which observers and windows that count steps need, got none; "
                "give noise_to_signal=[...] of all its steps, or windows of noise levels alone"
            )
        self._noise_to_signal = noise_to_signal
        self._pipeline, self._scheduler = pipeline, scheduler
        self._hook = None if scheduler is None else SchedulerHook(scheduler, self._trajectories)
        self._shape = torch.Size()
        self._is_open: bool | None = None

    def __enter__(self) -> Self:
        """Start watching.

        Raises:
            ConfigurationError: If it was opened before, or the scheduler is already watched.
        """
        if self._is_open is not None:
            raise ConfigurationError("watch: expected a watch that was not opened yet, got one that was; make another")
        if self._hook is not None:
            self._hook.put_on()
        self._is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Restore the scheduler. After an error the current batch is dropped, since it may be incomplete."""
        self._is_open = False
        if self._hook is not None:
            self._hook.take_off()
        if kind is not None:
            self._trajectories.drop()
        self._trajectories.finish()

    def see(self, x_0_hat: Tensor, noise_to_signal: float) -> None:
        """Pass one step of a loop without a scheduler. A new batch starts when the noise does not decrease.

        Args:
            x_0_hat: Predicted clean samples, (B, *sample_shape).
            noise_to_signal: sigma / alpha of the step, the noise in units of the data.

        Raises:
            ConfigurationError: Outside of the ``with`` block, if a scheduler is watched, or if a window has too few
                steps.
        """
        if not self._is_open:
            raise ConfigurationError("watch: expected a step within its `with` block, got one outside; open a new one")
        if self._hook is not None:
            raise ConfigurationError(
                f"watch: expected the steps of the {type(self._hook.scheduler).__name__} alone, got see(); remove it"
            )
        noise = float(noise_to_signal)
        if x_0_hat.shape != self._shape or not self._trajectories.goes_on(noise):
            self._shape = x_0_hat.shape
            self._trajectories.begin(self._noise_to_signal)
        self._trajectories.see(x_0_hat, noise)

    @property
    def scores(self) -> dict[str, Tensor]:
        """One number per sample, (N,) float64 on the CPU, by name, in the order in which samples were drawn.

        ``variance/<window>``, in the square of the model's units, and observers that are scores. An unfinished batch
        is not included, nor, within the ``with`` block, the last one of a loop without a scheduler.

        Raises:
            ConfigurationError: If no batch was watched, or a window has fewer than 3 steps.
        """
        return self._joined(is_score=True)

    @property
    def statistics(self) -> dict[str, Tensor]:
        """Results of the observers that are not scores, concatenated along the first axis; see `scores`."""
        return self._joined(is_score=False)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """Settings of the scores as plain data: network, weights, scheduler, number of steps, windows.

        A `Threshold` saved with it is refused for another one. A guidance scale is not included: add it yourself.

        Raises:
            ConfigurationError: If no batch was watched, or batches had different numbers of steps.
        """
        lengths = self._trajectories.num_steps
        if len(lengths) != 1:
            raise ConfigurationError(
                f"watch: expected batches of one number of steps, got {sorted(lengths) or 'none'}; watch each alone"
            )
        return settings_of(self._pipeline, self._scheduler, self._trajectories.windows, next(iter(lengths)))

    def table(self) -> list[dict[str, float]]:
        """The scores as rows, one per sample: its index in the order of drawing, and each score."""
        scores = {name: values.tolist() for name, values in self.scores.items()}
        num_samples = len(next(iter(scores.values()), ()))
        return [{INDEX: i, **{name: values[i] for name, values in scores.items()}} for i in range(num_samples)]

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Write the scores as a CSV file with one column per score, completely or not at all.

        Args:
            path: The file. Its folder has to exist.
            overwrite: Replace an existing file.

        Raises:
            ConfigurationError: If the file exists and ``overwrite`` is false, the folder is missing, or no batch was
                watched.
        """
        path = Path(path)
        if path.exists() and not overwrite:
            raise ConfigurationError(f"save: expected a new file, got {path}, which exists; give overwrite=True")
        if not path.parent.is_dir():
            raise ConfigurationError(f"save: expected a file in an existing folder, got {path}; create its folder")
        rows, text = self.table(), io.StringIO()
        writer = csv.DictWriter(text, [INDEX, *self.scores], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_aside(path, text.getvalue().encode())

    def _joined(self, is_score: bool) -> dict[str, Tensor]:
        results = self._trajectories.results()
        if not results:
            raise ConfigurationError(
                "watch: expected at least one batch of whole trajectories, got none; sample within the `with` block, "
                "with the scheduler that it was opened with"
            )
        names = [name for name in results[0] if self._is_score(name) == is_score]
        return {name: _joined(name, [each[name] for each in results]) for name in names}

    def _is_score(self, name: str) -> bool:
        observer = self._trajectories.observers.get(name)
        return name.startswith(f"{VARIANCE}/") if observer is None else observer.is_score


def _joined(name: str, batches: Sequence[Tensor]) -> Tensor:
    shapes = {tuple(each.shape[1:]) for each in batches}
    if len(shapes) > 1:
        raise ConfigurationError(
            f"watch: expected batches of one shape and number of steps for {name}, got rows of {sorted(shapes)}; watch "
            "each call separately"
        )
    return torch.cat(list(batches))
