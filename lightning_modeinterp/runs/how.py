"""How commands are run: what their results are no function of."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from lightning_modeinterp.errors import ConfigurationError


@dataclass(frozen=True)
class How:
    """Settings that are no part of a run's key.

    Args:
        launcher: What starts fit, test and predict with arguments of Python's, such as ``("torchrun",
            "--nproc_per_node=2")`` or ``("srun", "python")``. Empty for a process of our own.
        logger: Config with a ``trainer.logger`` that every fit reads after its own. None for that of the experiment.
        group: W&B's group of all that is logged. None for the experiment of each run.

    Raises:
        ConfigurationError: If the launcher is not found.
    """

    launcher: Sequence[str] = ()
    logger: str | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        if self.launcher and shutil.which(self.launcher[0]) is None:
            raise ConfigurationError(
                f"--launcher: expected a program that is found here, such as torchrun, got {self.launcher[0]}"
            )

    @property
    def environment(self) -> dict[str, str]:
        """Variables that every command gets besides."""
        return {} if self.group is None else {"WANDB_RUN_GROUP": self.group}

    def options(self, command: str) -> list[str]:
        """What a command is given after its own config."""
        return ["-c", self.logger] if self.logger is not None and command == "fit" else []


PLAIN = How()
"""In processes of our own, logged as the experiment says."""
