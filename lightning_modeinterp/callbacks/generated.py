"""What callbacks need of a run: its data, and the step that loggers count by."""

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


def step_of(trainer: L.Trainer) -> int:
    """The step at which Lightning logs the scalars of an evaluation: that of the last training batch, from 0.

    ``trainer.global_step`` is one more in a validation, and what is logged there would be lost or doubled when a fit
    is resumed.
    """
    return trainer.fit_loop.epoch_loop._batches_that_stepped
