"""The constructor arguments of a module in its checkpoint."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import lightning as L
from lightning.pytorch.core.mixins.hparams_mixin import _given_hyperparameters

from lightning_modeinterp.init_args import NotPlainError, as_plain, import_path, init_args

INSTANTIATOR = "lightning.pytorch.cli.instantiate_module"
"""Function that rebuilds a module from plain data when a checkpoint is loaded; Lightning trusts only its own."""


def keep_hyperparameters(module: L.LightningModule) -> None:
    """Store the constructor arguments of a module in its checkpoints, as plain data.

    On the command line these come from the config. For a module made in Python, arguments that are not plain data, such
    as an optimiser, are left out and have to be given again on loading.

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
