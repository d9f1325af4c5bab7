"""Everything that determines the samples of a ``predict``, except their number."""

from collections.abc import Mapping
from typing import Any

import lightning as L
import torch
from torch import Tensor

from lightning_modeinterp import checkpoints
from lightning_modeinterp.cli.init_from import RECORD, without_paths
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.fingerprints import weights_sha256, without
from lightning_modeinterp.modules import DiffusionModule


def sample_fingerprint(
    config: Mapping[str, Any],
    checkpoint: Mapping[str, Any],
    model: DiffusionModule,
    data: ModeInterpDataModule,
    trainer: L.Trainer,
) -> dict[str, Any]:
    """The fingerprint, plain data.

    Args:
        config: Config of the command, plain data.
        checkpoint: The checkpoint of the weights; empty if the model is used as constructed.
        model: The model.
        data: The data module.
        trainer: The trainer, with device and precision.
    """
    section, (data_section,) = config["model"], checkpoints.without_places(config["data"])
    began_with = without_paths(checkpoint.get(RECORD))
    return {
        "model": {**section, "init_args": without(section["init_args"], checkpoints.ONLY_FOR_FIT)},
        "data": {**data_section, "init_args": without(data_section["init_args"], ("batch_size",))},
        "generation": without(config["generation"], ("num_samples", "monitor", "window", "retained")),
        "weights_sha256": weights_sha256(checkpoint.get("state_dict") or model.state_dict()),
        "precision": trainer.precision,
        "device": trainer.strategy.root_device.type,
        "fallback": _fallback(model, data, trainer),
        **({RECORD: began_with} if began_with else {}),
    }


def _fallback(model: DiffusionModule, data: ModeInterpDataModule, trainer: L.Trainer) -> str | None:
    """The implementation that this machine uses where the requested one is not available."""
    x_t: Tensor = torch.empty(1, *data.sample_shape, device=trainer.strategy.root_device)
    with trainer.strategy.precision_plugin.forward_context():
        return model.denoiser.fallback(x_t)
