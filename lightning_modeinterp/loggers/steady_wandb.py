"""A W&B logger that never stops a run: if W&B cannot be reached, the run continues."""

import os
from collections.abc import Mapping
from typing import Any

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError

STEP = "trainer/global_step"
"""Lightning's name of the optimiser step in W&B."""


class SteadyWandbLogger(WandbLogger):
    """Log to W&B; if the server is down, slow or broken, only time is lost.

    A run that cannot be started online within ``init_timeout`` is started offline, for ``wandb sync``. Once it is
    started, W&B's own process sends in the background and keeps everything on disk; only tables need the server first.
    If that fails, this and all later rows are sent without tables.

    Args:
        init_timeout: Seconds to wait for W&B at the start. WANDB_INIT_TIMEOUT in the environment wins; W&B's default,
            90, if None.
        finish_timeout: Seconds to wait at the end until all is sent. WANDB_FINISH_TIMEOUT in the environment wins;
            W&B's default, unlimited, if None.
        **kwargs: Arguments of Lightning's `WandbLogger`, which passes others to ``wandb.init``.
    """

    def __init__(self, init_timeout: float | None = None, finish_timeout: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timeouts = {"init_timeout": init_timeout, "finish_timeout": finish_timeout}
        self._takes_tables = True
        self._is_cut_off = False  # from W&B's local process, which sends

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run; it is started on first use."""
        if self._experiment is None:
            self._start()
        return super().experiment

    def _start(self) -> None:
        import wandb

        if self._wandb_init.get("settings") is None:
            self._wandb_init["settings"] = _left_open(self.timeouts)
        try:
            _ = super().experiment
        except wandb.errors.UsageError as error:  # no API key
            raise ConfigurationError(
                f"trainer.logger: W&B says: {error} To log on this machine only, set WANDB_MODE=offline"
            ) from error
        except wandb.errors.CommError as error:
            rank_zero_warn(f"W&B does not accept the run; it is logged offline, for `wandb sync`: {error}")
            wandb.teardown()  # W&B's process still holds the id of the failed run
            self._wandb_init["mode"] = "offline"

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log a row.

        Args:
            metrics: Values by name.
            step: The optimiser step, from 0. None is 0.
        """
        self.send(self.row_of(metrics, step))

    def row_of(self, metrics: Mapping[str, Any], step: int | None) -> dict[str, Any]:
        """The row for W&B: plain numbers, names with the prefix, and the step."""
        start = f"{self._prefix}{self.LOGGER_JOIN_CHAR}" if self._prefix else ""
        row = {start + name: value.item() if isinstance(value, Tensor) else value for name, value in metrics.items()}
        return {**row, STEP: step or 0}

    def send(self, row: Mapping[str, Any]) -> None:
        """Send a row to W&B, always as exactly one row."""
        if any(map(_is_table, row.values())):
            if self._sends_with_table(row):
                return
            row = {name: value for name, value in row.items() if not _is_table(value)}
        try:
            if not self._is_cut_off:
                self.experiment.log(dict(row))
        except ConnectionError as error:
            rank_zero_warn(f"W&B's own process has ended, so this run logs nothing more to it: {error}")
            self._is_cut_off = True

    def _sends_with_table(self, row: Mapping[str, Any]) -> bool:
        """Send a row that has a table, and return whether it was sent."""
        if not self._takes_tables or self._is_cut_off:
            return False
        try:
            self.experiment.log(dict(row))
        except Exception as error:  # anything that the server's answer causes in the client
            rank_zero_warn(f"W&B did not accept a table, so this run sends no more of them: {error}")
            self._takes_tables = False
        return self._takes_tables

    @rank_zero_only
    def finish(self) -> None:
        """End the run, so that another one can start in this process; waits at most ``settings.finish_timeout``."""
        if self._experiment is not None and not self._is_cut_off:
            self._experiment.finish()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """End a run that has failed. Otherwise another command of the same trainer may continue it."""
        super().finalize(status)
        if status == "failed" and self._experiment is not None and not self._is_cut_off:
            self._experiment.finish(exit_code=1)


def _left_open(timeouts: Mapping[str, float | None]) -> dict[str, float]:
    """The timeouts that are given here and not in the environment."""
    return {
        name: seconds
        for name, seconds in timeouts.items()
        if seconds is not None and f"WANDB_{name.upper()}" not in os.environ
    }


def run_id_of_sweep() -> str | None:
    """Id of the run from a sweep's agent."""
    return os.environ.get("WANDB_RUN_ID")


def _is_table(value: Any) -> bool:
    import wandb

    return isinstance(value, wandb.Table)
