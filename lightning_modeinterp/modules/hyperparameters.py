"""What a checkpoint says of how its module was made."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import lightning as L
from lightning.pytorch.core.mixins.hparams_mixin import _given_hyperparameters

from lightning_modeinterp.init_args import NotPlainError, as_plain, import_path, init_args

INSTANTIATOR = "lightning.pytorch.cli.instantiate_module"
"""What makes a module of plain data when a checkpoint is loaded; Lightning trusts its own only."""


def keep_hyperparameters(module: L.LightningModule) -> None:
    """Let checkpoints of a module that is being made hold its arguments in plain data.

    The command line gives its config. Of a module made by hand what cannot be said in plain data, such as an
    optimiser, is left out: whoever loads the checkpoint gives it anew.

    Args:
        module: The module, in its ``__init__``.
    """
    if _given_hyperparameters.get() is None:
        module.hparams.update(_by_hand(type(module), init_args(module)))
    else:
        module.save_hyperparameters(logger=False)


def _by_hand(cls: type, arguments: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"_instantiator": INSTANTIATOR}
    with suppress(NotPlainError):
        kept["_class_path"] = import_path(cls)
    for name, value in arguments.items():
        with suppress(NotPlainError):
            kept[name] = as_plain(value)
    return kept
