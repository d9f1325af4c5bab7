"""The directory of a run: ``<root>/<experiment>/<name>``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from lightning_modeinterp.errors import ConfigurationError

PRODUCTS = {
    "fit": ("checkpoints", "logs/fit", "config_fit.yaml"),
    "validate": ("logs/validate", "config_validate.yaml"),
    "test": ("test_metrics.json", "figures", "logs/test", "config_test.yaml"),
    "predict": ("predictions", "logs/predict", "config_predict.yaml"),
}
"""What each command writes."""

RESULT = {"fit": "checkpoints/last.ckpt", "test": "test_metrics.json", "predict": "predictions/**/*.safetensors"}
"""Pattern of the first thing for which a command is run; validate leaves none, it logs."""

GO_ON = ("validate", "predict")
"""Commands that may be repeated: validate leaves no result, and predict resumes its sample store."""

LOCK = ".lock"


@dataclass(frozen=True)
class RunDirectory:
    """Names of a run.

    Args:
        experiment: Name of the experiment.
        name: Name of this run of it.
        root: Folder of all runs.
        overwrite: Replace earlier results of this command. Otherwise they are an error.
    """

    experiment: str = "default"
    name: str = "default"
    root: str | Path = "runs"
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse names that lead out of the root.

        Raises:
            ConfigurationError: For a name that is empty or contains ``..``.
        """
        for key, value in (("experiment", self.experiment), ("name", self.name)):
            if not value.strip() or "\0" in value or Path(value).is_absolute() or ".." in Path(value).parts:
                raise ConfigurationError(f"run.{key}: expected a name or a path below run.root, got '{value}'")

    @property
    def path(self) -> Path:
        """Folder of the run."""
        return Path(self.root) / self.experiment / self.name

    @property
    def last_checkpoint(self) -> Path:
        """Newest checkpoint of the run's fit."""
        return self.path / "checkpoints" / "last.ckpt"

    def has_checkpoint(self, file: str | Path) -> bool:
        """Whether a file is a checkpoint of this run, the newest or another, however its path is written."""
        file = Path(file)
        if file.resolve().is_relative_to(self.path.resolve()):
            return True
        return self.last_checkpoint.exists() and self.last_checkpoint.samefile(file)

    def refuse_earlier(self, command: str) -> None:
        """Refuse to mix a command's results with those of an earlier one.

        Raises:
            ConfigurationError: If it has been run here before and may not be overwritten, or a link has no target.
        """
        if self.overwrite:
            return
        for path in (self.path / name for name in PRODUCTS[command]):
            if path.is_symlink() and not path.exists():
                raise ConfigurationError(
                    f"{path}: expected a link whose target exists, got {path.readlink()}; create it, or remove the link"
                )
        if command in GO_ON or not (self.path / RESULT[command]).exists():
            return
        raise ConfigurationError(
            f"{self.path / RESULT[command]}: expected no earlier {command} in this run directory; choose another "
            "--run.name, replace it with --run.overwrite true"
            + (", or resume with --ckpt_path last" if command == "fit" else "")
        )

    def refuse_replaced(self, command: str, checkpoint: str | Path, option: str = "ckpt_path") -> None:
        """Refuse to start from a checkpoint that this start would replace.

        Args:
            command: The command that starts.
            checkpoint: The checkpoint it starts from.
            option: The option that named it, for the message.

        Raises:
            ConfigurationError: If it is among the results that the command overwrites.
        """
        file = Path(checkpoint).resolve()
        if self.overwrite and any(file.is_relative_to((self.path / name).resolve()) for name in PRODUCTS[command]):
            raise ConfigurationError(
                f"{option}: expected a file that --run.overwrite true does not replace, got {checkpoint}; choose "
                "another --run.name, or copy it elsewhere; to resume from it remove --run.overwrite"
            )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the run directory, and create it if need be. The lock of a killed process is released.

        Raises:
            ConfigurationError: If another command has locked it, or it cannot be written.
        """
        lock = FileLock(self.path / LOCK)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=False)
        except Timeout as error:  # an OSError too
            raise ConfigurationError(
                f"{self.path}: expected no other command at work in this run directory, found one; wait until it "
                "ends, or choose another --run.name"
            ) from error
        except OSError as error:
            raise ConfigurationError(
                f"run.root: expected a folder that can be written, got {self.root} ({error.strerror} at "
                f"{error.filename}); to evaluate a run in a read-only folder, give --run.root DIR and its checkpoint "
                "with --ckpt_path FILE"
            ) from error
        try:
            yield
        finally:
            lock.release()
