"""Ordinary commands whose results are kept under what they are a function of: nothing is trained or drawn twice.

    key = sha256(command, configs with all that they name, options, key of the weights)

A change of a config or an option is another key and another directory. A command that was killed goes on where it was,
as the same command does on the command line.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.sample_store import SampleStore

CONFIGS = Path(__file__).parents[2] / "configs"
FINISHED = "finished"
LOG = "log.txt"
LOCK = "lock"


class RunFailedError(RuntimeError):
    """A command ended with an error."""


@dataclass(frozen=True)
class Fit:
    """A model to train.

    Args:
        name: What it is, for people; part of the directory's name, not of the key.
        config: A file under ``configs/``.
        options: What is different from it, as on the command line.
    """

    name: str
    config: str
    options: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What the weights are a function of, hashed."""
        return _key("fit", content_of(CONFIGS / self.config), *self.options)


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

    Args:
        root: Directory of all runs.
        say: Where to tell what is begun. Standard output by default.
    """

    def __init__(self, root: Path, say: Callable[[str], None] = print) -> None:
        self.root = root
        self.say = say

    def checkpoint(self, fit: Fit) -> Path:
        """The trained model's last checkpoint.

        Raises:
            RunFailedError: If the fit ends with an error, or another process is at it.
        """
        folder = self.root / "fit" / f"{fit.name}-{fit.key}"
        if not (folder / FINISHED).exists():
            self._run("fit", folder, fit, [*fit.options, "--ckpt_path=last"])
            (folder / FINISHED).touch()
        return folder / "checkpoints" / "last.ckpt"

    def samples(self, draw: Draw) -> SampleStore:
        """The samples, drawn by ``predict``.

        Raises:
            RunFailedError: If a command ends with an error.
        """
        folder = self._evaluated("predict", draw, "predictions/manifest.json")
        return SampleStore.open(folder / "predictions")

    def tested(self, draw: Draw) -> Path:
        """Directory with ``test_metrics.json`` and ``figures/``, by ``test``.

        Raises:
            RunFailedError: If a command ends with an error.
        """
        return self._evaluated("test", draw, "test_metrics.json")

    def _evaluated(self, command: str, draw: Draw, result: str) -> Path:
        folder = self.root / command / f"{draw.name}-{draw.key(command)}"
        if not (folder / result).exists():
            weights = [f"--ckpt_path={self.checkpoint(draw.fit)}"] if draw.needs_weights else []
            overwrite = ["--run.overwrite=true"] if command == "test" else []
            self._run(command, folder, draw.fit, [*draw.fit.options, *draw.options, *weights, *overwrite])
        return folder

    def _run(self, command: str, folder: Path, fit: Fit, options: Sequence[str]) -> None:
        self.say(f"{command} {folder.name}")
        folder.mkdir(parents=True, exist_ok=True)
        where = [f"--run.root={self.root}", f"--run.experiment={command}", f"--run.name={folder.name}"]
        modeinterp = [sys.executable, "-m", "lightning_modeinterp", command, "-c", str(CONFIGS / fit.config)]
        with _alone_in(folder) as lock, (folder / LOG).open("ab") as log:
            whole = [*modeinterp, *where, *options]
            done = subprocess.run(whole, stdout=log, stderr=log, env=_one_thread(), check=False, pass_fds=[lock])
        if done.returncode:
            last = (folder / LOG).read_text(errors="replace").strip().splitlines()[-1:]
            raise RunFailedError(f"{command} {folder.name}: {''.join(last)} (all of it in {folder / LOG})")


def content_of(config: Path) -> str:
    """Text of a config and of all configs that it names, one after another.

    Raises:
        ConfigurationError: If one of them does not exist.
    """
    if not config.is_file():
        raise ConfigurationError(f"expected a config at {config}, found none; run from a clone of the repository")
    text = config.read_text()
    parts = [config.parent / name for name in re.findall(r"^\s*\w+:\s*(\S+\.yaml)\s*$", text, flags=re.MULTILINE)]
    return text + "".join(map(content_of, parts))


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


@contextmanager
def _alone_in(folder: Path) -> Iterator[int]:
    """Hold a directory, by a lock that a command inherits: one that outlives its parent still holds it."""
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunFailedError(f"{folder}: another process is at work there; wait for it or end it") from None
        yield file.fileno()


def _one_thread() -> dict[str, str]:
    """Small tensors: a process a core is faster than a thread a core."""
    return {"OMP_NUM_THREADS": "1", **os.environ}
