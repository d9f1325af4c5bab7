"""A cache of ordinary commands, keyed by everything that determines their results: nothing is trained or drawn twice.

    key = sha256(command, configs with all files that they name, options, keys of the runs that it depends on)

Another config or option gives another key and another directory. A command that was killed is resumed, as on the
command line.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock
from typing import Any

import yaml
from filelock import FileLock, Timeout

from lightning_modeinterp.configuration.saved_config import data_of, read_config
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.runs.command_process import exit_status, start
from lightning_modeinterp.runs.how import PLAIN, How
from lightning_modeinterp.runs.steps import Draw, Fit, Keep, KeptData, path_of
from lightning_modeinterp.sample_store import SampleStore

FINISHED = "finished"
SAMPLES, METRICS, KEPT = "predictions/manifest.json", "test_metrics.json", "kept/manifest.json"
"""The last file that a command writes."""

CONFIG, CONFIG_OF_FIT, DATA = "config_predict.yaml", "config_fit.yaml", "data.yaml"
LOG, SECONDS = "log.txt", "seconds.txt"
LOCK, COMMAND_LOCK = "lock", "command.lock"
"""Locks of the caller, and of the command itself, which may outlive the caller."""


class RunFailedError(RuntimeError):
    """A command ended with an error."""


class CachedRuns:
    """Run commands whose results are not cached.

    Commands are processes that import the calling script, so a script needs ``if __name__ == "__main__":``.

    Args:
        root: Directory of all runs.
        say: Called with each command that starts. Prints by default.
        ended: Called with each command that has succeeded.
        how: Launcher and loggers of the commands, which do not affect results.
    """

    def __init__(
        self,
        root: str | Path,
        say: Callable[[str], None] = print,
        ended: Callable[[str], None] | None = None,
        how: How = PLAIN,
    ) -> None:
        self.root = Path(root)
        self.say = say
        self.ended = ended or (lambda line: None)
        self.how = how
        self._starting, self._is_stopped = Lock(), False
        self._running: set[BaseProcess] = set()

    def checkpoint(self, fit: Fit) -> Path:
        """The trained model's last checkpoint.

        Raises:
            RunFailedError: If the fit ends with an error.
        """
        folder = self._fit_folder(fit)
        weights = folder / "checkpoints" / "last.ckpt"
        if not self.has_fit(fit):
            start = "last" if fit.after is None or weights.exists() else self.checkpoint(fit.after)
            begins_with = []
            if fit.init_from is not None and not weights.exists():
                begins_with = [f"--init_from={self.checkpoint(fit.init_from)}"]
            self._run("fit", folder, fit, [*self._options(fit), *begins_with, f"--ckpt_path={start}"], FINISHED)
        return weights

    def adopt(self, fit: Fit, checkpoint: str | Path) -> None:
        """Use the final checkpoint of the same fit on another machine as its result here.

        Args:
            fit: The model.
            checkpoint: Its final checkpoint.
        """
        if not self.has_fit(fit):
            folder = self._fit_folder(fit)
            weights = folder / "checkpoints" / "last.ckpt"
            weights.parent.mkdir(parents=True, exist_ok=True)
            write_aside(weights, Path(checkpoint).read_bytes())
            (folder / FINISHED).touch()

    def has_fit(self, fit: Fit) -> bool:
        """Whether the model is trained."""
        return (self._fit_folder(fit) / FINISHED).exists()

    def has_samples(self, draw: Draw) -> bool:
        """Whether the samples are drawn."""
        return (self._draw_folder("predict", draw) / SAMPLES).exists()

    def has_tested(self, draw: Draw) -> bool:
        """Whether the samples are judged."""
        return (self._draw_folder("test", draw) / METRICS).exists()

    def samples(self, draw: Draw) -> SampleStore:
        """The samples, drawn by ``predict``.

        Raises:
            RunFailedError: If a command ends with an error.
        """
        return SampleStore.open(self._evaluated("predict", draw, SAMPLES) / "predictions")

    def data(self, draw: Draw) -> ModeInterpDataModule:
        """The data module of the run that drew the samples.

        Raises:
            RunFailedError: If a command ends with an error.
        """
        return data_of(read_config(self._evaluated("predict", draw, SAMPLES) / CONFIG))

    def has_kept(self, keep: Keep) -> bool:
        """Whether the samples are filtered."""
        return (self._keep_folder(keep) / KEPT).exists()

    def kept(self, keep: Keep) -> Path:
        """Directory with the filtered samples and their manifest.

        Raises:
            RunFailedError: If a command ends with an error.
        """
        folder = self._keep_folder(keep)
        if not self.has_kept(keep):
            store = self._evaluated("predict", keep.draw, SAMPLES) / "predictions"
            set_on = keep.set_on and self._evaluated("predict", keep.set_on, SAMPLES) / "predictions"
            others = [] if set_on is None else [f"--filter.set_on={set_on}"]
            self._command("keep", folder, [str(store), f"--out={folder / 'kept'}", *keep.filter, *others], KEPT)
        return folder / "kept"

    def tested(self, draw: Draw) -> Path:
        """Directory with ``test_metrics.json`` and ``figures/``, by ``test``.

        Raises:
            RunFailedError: If a command ends with an error.
        """
        return self._evaluated("test", draw, METRICS)

    def seconds(self, command: str, run: Fit | Draw) -> float:
        """Total time of a command on one core, over all its starts; nan if not recorded."""
        folder = self._fit_folder(run) if isinstance(run, Fit) else self._draw_folder(command, run)
        noted = folder / SECONDS
        return sum(map(float, noted.read_text().split())) if noted.is_file() else math.nan

    def _fit_folder(self, fit: Fit) -> Path:
        return self._folder("fit", fit.name, fit.key)

    def _keep_folder(self, keep: Keep) -> Path:
        return self._folder("keep", keep.name, keep.key)

    def _draw_folder(self, command: str, draw: Draw) -> Path:
        return self._folder(command, draw.name, draw.key(command))

    def _folder(self, command: str, name: str, key: str) -> Path:
        """The directory with that key, whatever its name was at first."""
        known = sorted((self.root / command).glob(f"*-{key}"))
        return known[0] if known else self.root / command / f"{name}-{key}"

    def _evaluated(self, command: str, draw: Draw, result: str) -> Path:
        folder = self._draw_folder(command, draw)
        if not (folder / result).exists():
            weights = [f"--ckpt_path={self.checkpoint(draw.fit)}"] if draw.needs_weights else []
            overwrite = ["--run.overwrite=true"] if command == "test" else []
            self._run(
                command, folder, draw.fit, [*self._options(draw.fit), *draw.options, *weights, *overwrite], result
            )
        return folder

    def _options(self, fit: Fit) -> list[str]:
        """Options of a fit and of draws from it; kept samples to train on replace the data."""
        if fit.data is None:
            return list(fit.options)
        file = self._fit_folder(fit) / DATA
        section = yaml.safe_dump(self._kept_data(fit.data))  # written each time: the directory may have moved
        file.parent.mkdir(parents=True, exist_ok=True)
        write_aside(file, section.encode())
        return [f"--data={file}", *(each for each in fit.options if not each.startswith("--data."))]

    def _kept_data(self, data: KeptData) -> dict[str, Any]:
        """Section ``data`` of a config that trains on kept samples."""
        self.checkpoint(data.first)
        original = yaml.safe_load((self._fit_folder(data.first) / CONFIG_OF_FIT).read_text())["data"]
        return {
            "class_path": "lightning_modeinterp.data.StoredSamples",
            "init_args": {
                "original": original,
                "folders": [str(self.kept(each).resolve()) for each in data.kept],
                "num_real": data.num_real,
                "rounded": data.rounded,
                "batch_size": original["init_args"]["batch_size"],
            },
        }

    def stop(self) -> None:
        """Stop the running commands and start no others, from another thread; a new `CachedRuns` resumes them later."""
        with self._starting:
            self._is_stopped = True
            for process in self._running:
                process.terminate()

    def _run(self, command: str, folder: Path, fit: Fit, options: Sequence[str], result: str) -> None:
        where = [f"--run.root={self.root}", f"--run.experiment={command}", f"--run.name={folder.name}"]
        self._command(
            command, folder, ["-c", str(path_of(fit.config)), *self.how.options(command), *where, *options], result
        )

    def _command(self, command: str, folder: Path, arguments: Sequence[str], result: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with self._alone_in(folder):
            if (folder / result).exists():
                return  # another process has run it
            how = replace(self.how, launcher=()) if command == "keep" else self.how
            if self._call([command, *arguments], folder, how):
                last = (folder / LOG).read_text(errors="replace").strip().splitlines()[-1:]
                raise RunFailedError(f"{command} {folder.name}: {''.join(last)} (full log in {folder / LOG})")
            if command == "fit":
                (folder / FINISHED).touch()
        self.ended(f"{command} {folder.name}")

    def _call(self, args: Sequence[str], folder: Path, how: How) -> int | None:
        """Run a command with its output in a file; it has its own lock, in case it outlives this process."""
        begun = time.monotonic()
        with self._starting:
            if self._is_stopped:
                raise RunFailedError(f"{args[0]} {folder.name}: not started, since all commands were stopped")
            self.say(f"{args[0]} {folder.name}")
            process = start(args, folder / LOG, folder / COMMAND_LOCK, how)
            self._running.add(process)
        try:
            return exit_status(process)
        except BaseException:  # this thread is to stop
            process.terminate()
            raise
        finally:
            with self._starting:
                self._running.discard(process)
            with (folder / SECONDS).open("a") as noted:
                noted.write(f"{time.monotonic() - begun:.1f}\n")

    @contextmanager
    def _alone_in(self, folder: Path) -> Iterator[None]:
        """Lock a directory; wait for another process that has locked it, and for a command that outlived its parent."""
        with self._held(folder / LOCK):
            with self._held(folder / COMMAND_LOCK):
                pass  # only the holder of the first lock starts commands, so none starts from here on
            yield

    @contextmanager
    def _held(self, file: Path) -> Iterator[None]:
        lock = FileLock(file)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            self.say(f"waiting for another process in {file.parent}")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def metrics_of(run: str | Path) -> dict[str, float]:
    """The metrics of ``test`` by name; nan for those that could not be measured."""
    values = json.loads((Path(run) / METRICS).read_text())
    return {name: math.nan if value is None else value for name, value in values.items()}
