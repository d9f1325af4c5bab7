"""The state of a module while samples are drawn from it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import lightning as L


@contextmanager
def as_sampled(module: L.LightningModule) -> Iterator[None]:
    """Put a module in evaluation mode and its Trainer's precision, as in the steps of a Trainer, and restore it after.

    Args:
        module: The model. Without a Trainer its precision stays as it is.
    """
    trainer = module._trainer  # the public name raises where there is none
    training = [part for part in module.modules() if part.training]
    for part in training:
        part.training = False
    try:
        with nullcontext() if trainer is None else trainer.precision_plugin.forward_context():
            yield
    finally:
        for part in training:
            part.training = True
