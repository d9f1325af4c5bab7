"""Ordinary commands whose results are kept under what they are a function of: nothing is trained or drawn twice.

    key = sha256(command, configs with all that they name, options, key of the weights)

A change of a config or an option is another key and another directory. A command that was killed goes on where it was,
as the same command does on the command line.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path

import yaml
from filelock import FileLock, Timeout

from lightning_modeinterp.configuration import CONFIGS
from lightning_modeinterp.configuration.saved_config import data_of, read_config
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.reproduction.command_process import exit_status, start
from lightning_modeinterp.sample_store import SampleStore

FINISHED = "finished"
SAMPLES, METRICS = "predictions/manifest.json", "test_metrics.json"
"""What a command writes last."""

CONFIG = "config_predict.yaml"
LOG, SECONDS = "log.txt", "seconds.txt"
LOCK, COMMAND_LOCK = "lock", "command.lock"
"""Held by whoever asks for a run, and by the command itself, which may outlive who asked."""


class RunFailedError(RuntimeError):
    """A command ended with an error."""


@dataclass(frozen=True)
class Fit:
    """A model to train.

    Args:
        name: What it is, for people; part of the directory's name, not of the key.
        config: A file under ``configs/``.
        options: What is different from it, as on the command line.
        after: A shorter fit of the same model, which this one goes on from.
    """

    name: str
    config: str
    options: tuple[str, ...] = ()
    after: "Fit | None" = None

    @property
    def key(self) -> str:
        """What the weights are a function of, hashed."""
        begun = () if self.after is None else (self.after.key,)
        return _key("fit", content_of(CONFIGS / self.config), *self.options, *begun)


@dataclass(frozen=True)
class Draw:
    """Samples to draw from a trained model.

    Args:
        name: What they are, for people.
        fit: The model. For samples of the true score it is not trained.
        options: What is different from the model's config; ``generation`` settings in the first place.
    """

    name: str
    fit: Fit
    options: tuple[str, ...] = ()

    @property
    def needs_weights(self) -> bool:
        """Whether a trained model is sampled."""
        return "--generation.true_score=true" not in self.options

    def key(self, command: str) -> str:
        """What the result of a command is a function of, hashed."""
        return _key(command, self.fit.key, *self.options)


class CachedRuns:
    """Run commands, unless their results are there.

    Commands are processes that import the script which asks for them, so a script begins under
    ``if __name__ == "__main__":``.

    Args:
        root: Directory of all runs.
        say: Where to tell what is begun. Standard output by default.
        ended: Where to tell the same when it has ended well.
    """

    def __init__(
        self, root: str | Path, say: Callable[[str], None] = print, ended: Callable[[str], None] | None = None
    ) -> None:
        self.root = Path(root)
        self.say = say
        self.ended = ended or (lambda line: None)
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
            self._run("fit", folder, fit, [*fit.options, f"--ckpt_path={start}"], FINISHED)
        return weights

    def adopt(self, fit: Fit, checkpoint: str | Path) -> None:
        """Take a checkpoint that the same fit has ended with on another machine for its result here.

        Args:
            fit: The model.
            checkpoint: What it ended with.
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
        """The data that these samples are to look like, as the run that drew them was told.

        Raises:
            RunFailedError: If a command ends with an error.
        """
        return data_of(read_config(self._evaluated("predict", draw, SAMPLES) / CONFIG))

    def tested(self, draw: Draw) -> Path:
        """Directory with ``test_metrics.json`` and ``figures/``, by ``test``.

        Raises:
            RunFailedError: If a command ends with an error.
        """
        return self._evaluated("test", draw, METRICS)

    def seconds(self, command: str, run: Fit | Draw) -> float:
        """How long a command has run, on one core, over all its starts; nan where that was not noted."""
        folder = self._fit_folder(run) if isinstance(run, Fit) else self._draw_folder(command, run)
        noted = folder / SECONDS
        return sum(map(float, noted.read_text().split())) if noted.is_file() else math.nan

    def _fit_folder(self, fit: Fit) -> Path:
        return self._folder("fit", fit.name, fit.key)

    def _draw_folder(self, command: str, draw: Draw) -> Path:
        return self._folder(command, draw.name, draw.key(command))

    def _folder(self, command: str, name: str, key: str) -> Path:
        """The directory with that key, whatever name it was given first."""
        known = sorted((self.root / command).glob(f"*-{key}"))
        return known[0] if known else self.root / command / f"{name}-{key}"

    def _evaluated(self, command: str, draw: Draw, result: str) -> Path:
        folder = self._draw_folder(command, draw)
        if not (folder / result).exists():
            weights = [f"--ckpt_path={self.checkpoint(draw.fit)}"] if draw.needs_weights else []
            overwrite = ["--run.overwrite=true"] if command == "test" else []
            self._run(command, folder, draw.fit, [*draw.fit.options, *draw.options, *weights, *overwrite], result)
        return folder

    def stop(self) -> None:
        """End the commands that are running, from another thread; the same calls go on with them later."""
        for process in list(self._running):
            process.terminate()

    def _run(self, command: str, folder: Path, fit: Fit, options: Sequence[str], result: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with self._alone_in(folder):
            if (folder / result).exists():
                return  # another process has been at it
            self.say(f"{command} {folder.name}")
            where = [f"--run.root={self.root}", f"--run.experiment={command}", f"--run.name={folder.name}"]
            if self._call([command, "-c", str(CONFIGS / fit.config), *where, *options], folder):
                last = (folder / LOG).read_text(errors="replace").strip().splitlines()[-1:]
                raise RunFailedError(f"{command} {folder.name}: {''.join(last)} (all of it in {folder / LOG})")
            if command == "fit":
                (folder / FINISHED).touch()
        self.ended(f"{command} {folder.name}")

    def _call(self, args: Sequence[str], folder: Path) -> int | None:
        """Run a command to its end, with its output in a file; it holds a lock of its own, even if it outlives us."""
        begun = time.monotonic()
        process = start(args, folder / LOG, folder / COMMAND_LOCK)
        self._running.add(process)
        try:
            return exit_status(process)
        finally:
            self._running.discard(process)
            with (folder / SECONDS).open("a") as noted:
                noted.write(f"{time.monotonic() - begun:.1f}\n")

    @contextmanager
    def _alone_in(self, folder: Path) -> Iterator[None]:
        """Hold a directory; wait for another who does, and for a command that has outlived its parent."""
        with self._held(folder / LOCK):
            with self._held(folder / COMMAND_LOCK):
                pass  # only who holds the first lock starts commands, so none begins from here on
            yield

    @contextmanager
    def _held(self, file: Path) -> Iterator[None]:
        lock = FileLock(file)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            self.say(f"waiting for another process that is at work in {file.parent}")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def metrics_of(run: str | Path) -> dict[str, float]:
    """What ``test`` measured, by name; nan for what could not be."""
    values = json.loads((Path(run) / METRICS).read_text())
    return {name: math.nan if value is None else value for name, value in values.items()}


def content_of(config: str | Path) -> str:
    """What a config says, with all configs that it names in the place of their names; comments and order say nothing.

    Raises:
        ConfigurationError: If one of them does not exist.
    """
    return json.dumps(_read(Path(config)), sort_keys=True)


def _read(config: Path) -> object:
    if not config.is_file():
        raise ConfigurationError(f"expected a config at {config}, found none; run from a clone of the repository")
    return _with_parts(_parsed(config.read_text()), config.parent)


@cache
def _parsed(text: str) -> object:
    """Nobody changes it; keys are asked for by the hundred, and parsing takes milliseconds."""
    return yaml.safe_load(text)


def _with_parts(value: object, folder: Path) -> object:
    if isinstance(value, dict):
        return {name: _with_parts(each, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_parts(each, folder) for each in value]
    return _read(folder / value) if isinstance(value, str) and value.endswith(".yaml") else value


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]
