"""Where a run lives: ``<root>/<experiment>/<name>``."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lightning_modeinterp.errors import ConfigurationError

PRODUCTS = {
    "fit": ("checkpoints/last.ckpt", "checkpoints", "logs/fit", "config_fit.yaml"),
    "validate": ("logs/validate", "config_validate.yaml"),
    "test": ("test_metrics.json", "figures", "logs/test", "config_test.yaml"),
    "predict": ("predictions", "logs/predict", "config_predict.yaml"),
}
"""What each command writes; the first is the one that says it has been run."""

GO_ON = ("validate", "predict")
"""Commands that may be given again: validate leaves no product, the sample store goes on with what is there."""


@dataclass(frozen=True)
class RunDirectory:
    """Names of a run.

    Args:
        experiment: Name of the experiment.
        name: Name of this run of it.
        root: Folder of all runs.
        overwrite: Start anew where this command has been run before. Without it such a start is refused.
    """

    experiment: str = "default"
    name: str = "default"
    root: str = "runs"
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse names that leave the root.

        Raises:
            ConfigurationError: For a name that is empty or climbs.
        """
        for key, value in (("experiment", self.experiment), ("name", self.name)):
            if not value.strip() or Path(value).is_absolute() or ".." in Path(value).parts:
                raise ConfigurationError(f"run.{key}: expected a name or a path below run.root, got '{value}'")

    @property
    def path(self) -> Path:
        """Folder of the run."""
        return Path(self.root) / self.experiment / self.name

    @property
    def last_checkpoint(self) -> Path:
        """Newest checkpoint of the run's fit."""
        return self.path / "checkpoints" / "last.ckpt"

    def claim(self, command: str) -> None:
        """Make room for what a command writes.

        Raises:
            ConfigurationError: If it has been run here before and may not be overwritten.
        """
        first, *_ = PRODUCTS[command]
        if (self.path / first).exists() and command not in GO_ON and not self.overwrite:
            raise ConfigurationError(
                f"{self.path / first}: expected no earlier {command} in this run directory; choose another --run.name, "
                "start anew with --run.overwrite true"
                + (", or go on with --ckpt_path last" if command == "fit" else "")
            )
        if self.overwrite:
            for product in PRODUCTS[command]:
                _remove(self.path / product)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"run.root: expected a folder that can be written, got {self.root} ({error.strerror})"
            ) from error


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
