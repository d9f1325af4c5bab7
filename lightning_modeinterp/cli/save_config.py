"""The resolved config of a command, in its run directory, in the loggers and in its checkpoints."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import lightning as L
import yaml
from lightning.pytorch.cli import SaveConfigCallback

from lightning_modeinterp import checkpoints
from lightning_modeinterp.cli.init_from import RECORD
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.loggers import log_config


class SaveConfig(SaveConfigCallback):
    """Save the resolved config in the run directory, one file per command, and in the loggers.

    Args:
        *args: Those of `SaveConfigCallback`.
        began_with: Record of the weights a fit started from, see `cli.init_from`; None for random ones.
        **kwargs: Those of `SaveConfigCallback`.
    """

    def __init__(self, *args: Any, began_with: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._began_with = began_with

    def save_config(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Save it; called on rank zero."""
        folder = Path(trainer.default_root_dir)
        folder.mkdir(parents=True, exist_ok=True)
        config = self.config.clone()
        config.run.overwrite = False  # a run from this saved config must not overwrite anything
        if stage == "fit":
            config.ckpt_path = None  # a run from this saved config starts anew
        dumped = self.parser.dump(config, skip_none=False)
        write_aside(folder / self.config_filename, dumped.encode())
        for logger in trainer.loggers:
            log_config(logger, yaml.safe_load(dumped))

    def on_save_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Record in a checkpoint the data it was trained on, and the weights it started from."""
        checkpoint[checkpoints.DATA] = self._data
        if self._began_with:
            checkpoint[RECORD] = dict(self._began_with)

    @cached_property
    def _data(self) -> Any:
        return yaml.safe_load(self.parser.dump(self.config, skip_none=False))["data"]
