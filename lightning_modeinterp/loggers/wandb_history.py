"""A W&B run that goes on when a fit is resumed, with every row once.

When a process is killed, W&B has got an unknown number of its rows: those of the last seconds are lost, and still it
may have rows from behind the checkpoint. So the rows are written down here too. A resumed fit compares with what W&B
has: what is missing is sent again, and of the rows that the fit repeats those that W&B has are left out.
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
    """Rows that were handed to W&B, in a file of JSON lines; the first line holds the id of the run.

    Only numbers and text are kept: an image or a table that W&B did not get is lost.

    Args:
        path: The file. Its folder is made.
        keep_before_step: Go on with the run of an earlier file, and keep its rows whose step is smaller. None begins
            a new run.
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
        """Write a row down."""
        with self.path.open("a") as file:
            file.write(_line({name: value for name, value in row.items() if isinstance(value, int | float | str)}))

    def _read(self) -> list[dict[str, Any]]:
        """Lines of the file, without a last one that was torn when the process was killed."""
        whole, _, _ = self.path.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]


class WandbHistory(SteadyWandbLogger):
    """Log a fit to one W&B run, however often it is killed and resumed.

    Offline, W&B cannot go on with a run, so each start writes the whole history so far into a folder of its own: the
    newest is complete, and the only one to sync.

    Args:
        record: File in which the rows and the id of the run are written down.
        keep_before_step: Step of the checkpoint from which the run goes on. None begins a new run.
        **kwargs: Arguments of Lightning's `WandbLogger`, and through it of ``wandb.init``.
    """

    def __init__(self, record: str | Path, keep_before_step: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.record = Path(record)
        self.keep_before_step = keep_before_step
        self._sent: SentRows | None = None
        self._num_known = 0  # rows to come that W&B has

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run; it is started, and given what it misses, when this is first asked for."""
        if self._sent is None:
            self._sent = SentRows(self.record, self.keep_before_step)
            Path(self.save_dir or ".").mkdir(parents=True, exist_ok=True)  # else W&B takes a temporary folder
            self._wandb_init["id"] = self._wandb_init["id"] or run_id_of_sweep() or self._sent.run_id
            self._resume(super().experiment, self._sent.rows)
        return super().experiment

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log a row, unless W&B has it from before a kill.

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
        # rows that W&B has, always the first ones; offline it knows of none. `run.step` is 0 until a row is logged
        num_recorded = run.starting_step
        for row in kept[num_recorded:]:
            run.log(row)
        self._num_known = max(0, num_recorded - len(kept))


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(dict(row)) + "\n"
