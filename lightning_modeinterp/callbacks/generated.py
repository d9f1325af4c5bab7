"""What callbacks need of a run: its data."""

import lightning as L

from lightning_modeinterp.datamodules import ModeInterpDataModule
from lightning_modeinterp.errors import ConfigurationError


def data_of(trainer: L.Trainer) -> ModeInterpDataModule:
    """The datamodule of a run.

    Raises:
        ConfigurationError: If it is not one of ours.
    """
    data = getattr(trainer, "datamodule", None)
    if not isinstance(data, ModeInterpDataModule):
        raise ConfigurationError(
            "expected a run with a ModeInterpDataModule, which says what to generate and what a hallucination is, got "
            f"{type(data).__name__}"
        )
    return data
