"""W&B as a guest: where it cannot be reached the run goes on."""

import os
from collections.abc import Mapping
from typing import Any

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

STEP = "trainer/global_step"
"""Lightning's name of the optimiser step in W&B."""


class SteadyWandbLogger(WandbLogger):
    """Log to W&B; a server that is down, slow or broken costs no more than time.

    A run that cannot be started online (after ``settings.init_timeout``) is started offline, for ``wandb sync``. Once
    it is started W&B's own process sends in the background and keeps everything on disk; only tables ask the server
    first. Where that fails the row goes without its table, and so do all later ones.

    Args:
        **kwargs: Arguments of Lightning's `WandbLogger`, and through it of ``wandb.init``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._takes_tables = True

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run; it is started when this is first asked for."""
        import wandb

        if self._experiment is not None:
            return self._experiment
        try:
            return super().experiment
        except wandb.errors.CommError as error:
            rank_zero_warn(f"W&B cannot be reached, the run is logged offline, for `wandb sync`: {error}")
        self._wandb_init["mode"] = "offline"
        return super().experiment

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log a row.

        Args:
            metrics: Values by name.
            step: The optimiser step, from 0. None is 0.
        """
        self.send(self.row_of(metrics, step))

    def row_of(self, metrics: Mapping[str, Any], step: int | None) -> dict[str, Any]:
        """The row that W&B gets: plain numbers, names with the prefix, and the step."""
        start = f"{self._prefix}{self.LOGGER_JOIN_CHAR}" if self._prefix else ""
        row = {start + name: value.item() if isinstance(value, Tensor) else value for name, value in metrics.items()}
        return {**row, STEP: step or 0}

    def send(self, row: Mapping[str, Any]) -> None:
        """Hand a row to W&B, always as exactly one row."""
        if not any(map(_is_table, row.values())):
            self.experiment.log(dict(row))
            return
        try:
            if self._takes_tables:
                self.experiment.log(dict(row))
                return
        except Exception as error:  # whatever the server's answer has set off in the client
            rank_zero_warn(f"W&B did not take a table, so this run gets no more of them: {error}")
            self._takes_tables = False
        self.experiment.log({name: value for name, value in row.items() if not _is_table(value)})

    @rank_zero_only
    def finish(self) -> None:
        """End the run, so that another one can start in this process; waits for ``settings.finish_timeout``."""
        if self._experiment is not None:
            self._experiment.finish()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """End a run that has failed. One that has not may go on with another command of the same trainer."""
        super().finalize(status)
        if status == "failed" and self._experiment is not None:
            self._experiment.finish(exit_code=1)


def run_id_of_sweep() -> str | None:
    """Id that a sweep's agent has given to the run."""
    return os.environ.get("WANDB_RUN_ID")


def _is_table(value: Any) -> bool:
    import wandb

    return isinstance(value, wandb.Table)
