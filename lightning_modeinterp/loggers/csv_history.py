"""Log to a CSV file that is continued when a run is resumed; Lightning's logger deletes earlier rows."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.core.saving import save_hparams_to_yaml
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor

from lightning_modeinterp.loggers.csv_table import CSVTable


class CSVHistory(CSVLogger):
    """Log to ``<save_dir>/<name>/<version>/metrics.csv``; each row is on disk when `log_metrics` returns.

    Hyper-parameters that a module saves for its loggers go to ``hparams.yaml`` beside it.

    Args:
        save_dir: Root of all logs.
        name: Folder in it.
        version: Folder in that one.
        prefix: Prefix of every metric name.
        keep_before_step: Step of the checkpoint from which the run resumes: rows of earlier steps are kept, later ones
            will be logged again. None starts a new file.
    """

    def __init__(
        self,
        save_dir: str | Path,
        name: str | None = "logs",
        version: int | str | None = None,
        prefix: str = "",
        keep_before_step: int | None = None,
    ) -> None:
        super().__init__(save_dir, name=name, version=version, prefix=prefix)
        self.prefix = prefix
        self.keep_before_step = keep_before_step
        self._table: CSVTable | None = None
        self._hparams: dict[str, Any] = {}

    @property
    @rank_zero_experiment
    def experiment(self) -> CSVTable:
        """The table; the file is opened on first use."""
        if self._table is None:
            self._table = CSVTable(Path(self.log_dir) / "metrics.csv", self.keep_before_step)
        return self._table

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Tensor | float], step: int | None = None) -> None:
        """Write a row.

        Args:
            metrics: Values by name; tensors have one element.
            step: The optimiser step, from 0. None is 0.
        """
        start = f"{self.prefix}{self.LOGGER_JOIN_CHAR}" if self.prefix else ""
        row = {start + name: value.item() if isinstance(value, Tensor) else value for name, value in metrics.items()}
        self.experiment.append({**row, "step": step or 0})

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace | None = None) -> None:
        """Write them, together with earlier ones."""
        self._hparams |= vars(params) if isinstance(params, Namespace) else params or {}
        folder = Path(self.log_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_hparams_to_yaml(folder / "hparams.yaml", self._hparams)

    def save(self) -> None:
        """Nothing is left to write."""

    def finalize(self, status: str) -> None:
        """Nothing is left to write."""
