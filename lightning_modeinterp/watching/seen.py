"""What a watch has seen: a score a sample, by name."""

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
"""Column of a table that numbers the samples."""


class Seen:
    """What is seen within the ``with`` block of a watch. `watch` makes one.

    Args:
        windows: Windows of the variance of x_0_hat, by name.
        observers: Further statistics, by name.
        noise_to_signal: sigma / alpha of all steps of a bare loop, noisiest first, where they are known before it.
        scheduler: Whose steps are seen. None for a loop that shows its own by `see`.
        pipeline: What the scheduler belongs to, for `fingerprint`.

    Raises:
        ConfigurationError: If the scheduler is of no known kind, or there are no levels where something needs them.
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
        """Begin to watch.

        Raises:
            ConfigurationError: If it was opened before, or the scheduler is being watched.
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
        """Leave everything as it was. After an error the batch at hand is dropped, as it may not be whole."""
        self._is_open = False
        if self._hook is not None:
            self._hook.take_off()
        if kind is not None:
            self._trajectories.drop()
        self._trajectories.finish()

    def see(self, x_0_hat: Tensor, noise_to_signal: float) -> None:
        """Show one step of a loop that has no scheduler. A new batch begins where the noise does not fall.

        Args:
            x_0_hat: Clean sample predicted there, (B, *sample_shape).
            noise_to_signal: sigma / alpha there, the noise in units of the data.

        Raises:
            ConfigurationError: Outside of the ``with`` block, of a scheduler that shows its steps itself, or if a
                window has too few steps.
        """
        if not self._is_open:
            raise ConfigurationError("watch: expected a step within its `with` block, got one outside; open a new one")
        if self._hook is not None:
            raise ConfigurationError(
                f"watch: expected the steps of the {type(self._hook.scheduler).__name__} alone, got see(); leave it out"
            )
        noise = float(noise_to_signal)
        if x_0_hat.shape != self._shape or not self._trajectories.goes_on(noise):
            self._shape = x_0_hat.shape
            self._trajectories.begin(self._noise_to_signal)
        self._trajectories.see(x_0_hat, noise)

    @property
    def scores(self) -> dict[str, Tensor]:
        """One number a sample, (N,) float64 on the CPU, by name, in the order in which samples were drawn.

        ``variance/<window>``, in the square of the model's units, and observers that are scores. A batch on its way
        is not among them, nor within the ``with`` block the last one of a loop without a scheduler.

        Raises:
            ConfigurationError: If nothing was seen, or a window has fewer than 3 steps.
        """
        return self._joined(is_score=True)

    @property
    def statistics(self) -> dict[str, Tensor]:
        """Results of the observers that are no scores, the batches joined along the first axis; see `scores`."""
        return self._joined(is_score=False)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What the scores hold for, as plain data: network, weights, scheduler, number of steps, windows.

        A `Threshold` that is saved with it is refused for another one. A guidance scale is not seen: add it yourself.

        Raises:
            ConfigurationError: If nothing was seen, or batches had different numbers of steps.
        """
        lengths = self._trajectories.num_steps
        if len(lengths) != 1:
            raise ConfigurationError(
                f"watch: expected batches of one number of steps, got {sorted(lengths) or 'none'}; watch each by itself"
            )
        return settings_of(self._pipeline, self._scheduler, self._trajectories.windows, next(iter(lengths)))

    def table(self) -> list[dict[str, float]]:
        """The scores as rows, one a sample: its number in the order of drawing, and each score."""
        scores = {name: values.tolist() for name, values in self.scores.items()}
        num_samples = len(next(iter(scores.values()), ()))
        return [{INDEX: i, **{name: values[i] for name, values in scores.items()}} for i in range(num_samples)]

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Write the scores as a CSV file with a column a score, whole or not at all.

        Args:
            path: The file. Its folder has to be there.
            overwrite: Replace a file that is there.

        Raises:
            ConfigurationError: If there is a file or no folder, or nothing was seen.
        """
        path = Path(path)
        if path.exists() and not overwrite:
            raise ConfigurationError(f"save: expected a new file, got {path}, which is there; give overwrite=True")
        if not path.parent.is_dir():
            raise ConfigurationError(f"save: expected a file in a folder that is there, got {path}; make its folder")
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
                "with the scheduler that was there when it began"
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
            "each call of its own"
        )
    return torch.cat(list(batches))
