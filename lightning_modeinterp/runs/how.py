"""How commands are run: settings that do not affect results."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from lightning_modeinterp.errors import ConfigurationError


@dataclass(frozen=True)
class How:
    """Settings that are not part of a run's key.

    Args:
        launcher: Program that starts fit, test and predict with Python's arguments, such as ``("torchrun",
            "--nproc_per_node=2")`` or ``("srun", "python")``. Empty for a plain process.
        logger: Config with a ``trainer.logger`` that every fit reads after its own. That of the experiment if None.
        group: W&B group of all runs. The experiment of each run if None.

    Raises:
        ConfigurationError: If the launcher is not found.
    """

    launcher: Sequence[str] = ()
    logger: str | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        if self.launcher and shutil.which(self.launcher[0]) is None:
            raise ConfigurationError(
                f"--launcher: expected a program on the PATH, such as torchrun, got {self.launcher[0]}"
            )

    @property
    def environment(self) -> dict[str, str]:
        """Further environment variables of every command."""
        return {} if self.group is None else {"WANDB_RUN_GROUP": self.group}

    def options(self, command: str) -> list[str]:
        """Options that a command gets after its own config."""
        return ["-c", self.logger] if self.logger is not None and command == "fit" else []


PLAIN = How()
"""Plain processes, with the loggers of the experiment."""
