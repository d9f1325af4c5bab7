"""A W&B run that is resumed with the fit, with every row exactly once.

When a process is killed, W&B has received an unknown number of its rows: those of the last seconds are lost, but it may
have rows from after the checkpoint. So the rows are also saved here. A resumed fit compares them with W&B's: missing
rows are sent again, and repeated rows that W&B already has are skipped.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.fabric.utilities.rank_zero import rank_zero_only

from lightning_modeinterp.files import write_aside
from lightning_modeinterp.loggers.steady_wandb import STEP, SteadyWandbLogger, run_id_of_sweep


class SentRows:
    """Rows that were sent to W&B, in a file of JSON lines; the first line holds the id of the run.

    Only numbers and text are kept: an image or a table that W&B did not receive is lost.

    Args:
        path: The file. Its folder is created.
        keep_before_step: Resume the run of an existing file, and keep its rows whose step is smaller. None starts a
            new run.
    """

    def __init__(self, path: Path, keep_before_step: int | None = None) -> None:
        self.path = path
        self.run_id: str = secrets.token_hex(4)
        self.rows: list[dict[str, Any]] = []
        if keep_before_step is not None and path.exists():
            head, *rows = self._read()
            self.run_id = head["id"]
            self.rows = [row for row in rows if row[STEP] < keep_before_step]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_aside(path, "".join(map(_line, [{"id": self.run_id}, *self.rows])).encode())

    def append(self, row: Mapping[str, Any]) -> None:
        """Save a row."""
        with self.path.open("a") as file:
            file.write(_line({name: value for name, value in row.items() if isinstance(value, int | float | str)}))

    def _read(self) -> list[dict[str, Any]]:
        """Lines of the file, without a last one that is incomplete after a kill."""
        whole, _, _ = self.path.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]


class WandbHistory(SteadyWandbLogger):
    """Log a fit to one W&B run, however often it is killed and resumed.

    Offline, W&B cannot resume a run, so each start writes the whole history so far to a new folder: only the newest is
    complete and has to be synced.

    Args:
        record: File for the rows and the id of the run.
        keep_before_step: Step of the checkpoint from which the run resumes. None starts a new run.
        **kwargs: Arguments of Lightning's `WandbLogger`, which passes others to ``wandb.init``.
    """

    def __init__(self, record: str | Path, keep_before_step: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.record = Path(record)
        self.keep_before_step = keep_before_step
        self._sent: SentRows | None = None
        self._num_known = 0  # coming rows that W&B already has

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run; it is started on first use, and missing rows are sent."""
        if self._sent is None:
            self._sent = SentRows(self.record, self.keep_before_step)
            Path(self.save_dir or ".").mkdir(parents=True, exist_ok=True)  # else W&B uses a temporary folder
            self._wandb_init["id"] = self._wandb_init["id"] or run_id_of_sweep() or self._sent.run_id
            self._resume(super().experiment, self._sent.rows)
        return super().experiment

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log a row, unless W&B already has it from before a kill.

        Args:
            metrics: Values by name.
            step: The optimiser step, from 0. None is 0.
        """
        _ = self.experiment
        row = self.row_of(metrics, step)
        if self._sent is not None:
            self._sent.append(row)
        if self._num_known > 0:
            self._num_known -= 1
        else:
            self.send(row)

    def _resume(self, run: Any, kept: list[dict[str, Any]]) -> None:
        # number of rows that W&B has, always the first ones; 0 offline. `run.step` is 0 until a row is logged
        num_recorded = run.starting_step
        for row in kept[num_recorded:]:
            run.log(row)
        self._num_known = max(0, num_recorded - len(kept))


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(dict(row)) + "\n"
