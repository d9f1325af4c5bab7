"""A trained model of the diffusers library, loaded from its folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.denoisers.diffusers_library import diffusers_library
from lightning_modeinterp.denoisers.image_checks import check_image
from lightning_modeinterp.diffusion.noise_schedules import DiffusersSchedule, NoiseSchedule
from lightning_modeinterp.diffusion.noise_schedules.diffusers_schedule import read_config
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.safetensors.index.json")
MODEL = "UNet2DModel"

_WATCH = "; `watch` sees such a model in its own pipeline"

MAX_OTHER_GAMMA = 1e-3
"""Tolerance in gamma within which two noise schedules are equal; diffusers has its betas in float32."""


class DiffusersFolder(Denoiser):
    """A ``UNet2DModel`` with its weights, as saved by ``pipeline.save_pretrained`` of diffusers.

    It is already trained, so test and predict need no checkpoint; a fit continues its training. Its noise schedule is
    `DiffusersSchedule` of the same folder, which also sets the prediction type. Only safetensors are read, so nothing
    is unpickled. The folder must not be moved.

    Args:
        sample_shape: Shape (C, H, W) of one sample; the command line takes it from the data.
        path: The folder, with subfolders ``unet`` and ``scheduler``, or with both configs and the weights in it.

    Raises:
        ConfigurationError: If diffusers is not installed, there is no such folder, it holds another model or no
            safetensors, or the model is for other samples, needs more than an image and its noise level, or predicts a
            variance too.
    """

    is_trained = True

    def __init__(self, sample_shape: Sequence[int], path: str | Path) -> None:
        super().__init__(sample_shape)
        schedule = DiffusersSchedule(path)
        folder = _model_folder(Path(path))
        _check_config(folder, read_config(folder / "config.json"), self.sample_shape)
        self.num_steps, self.prediction = schedule.num_steps, schedule.trained_prediction
        self.trained_gamma = schedule.gamma_grid  # a plain attribute, as in a schedule
        self.network = _network(folder)

    def check_schedule(self, schedule: NoiseSchedule) -> None:
        """See `Denoiser.check_schedule`; it accepts only the levels of its folder."""
        grid = schedule.grid()
        if len(grid) != self.num_steps or (grid.gamma - self.trained_gamma).abs().max() > MAX_OTHER_GAMMA:
            raise ConfigurationError(
                f"model.noise_schedule: expected the {self.num_steps} levels that the folder's model was trained on, "
                f"got others of {type(schedule).__name__}; use DiffusersSchedule with the same path"
            )

    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """See `Denoiser.forward`."""
        (output,) = self.network(x_t, level.t * (self.num_steps - 1), return_dict=False)
        return output  # type: ignore[no-any-return]


def _model_folder(path: Path) -> Path:
    for folder in (path / "unet", path):
        if (folder / "config.json").is_file():
            return folder
    raise ConfigurationError(
        f"{path}: expected unet/config.json as written by save_pretrained of diffusers, found none; give the folder of "
        "a pipeline"
    )


def _check_config(folder: Path, config: dict[str, Any], sample_shape: Sequence[int]) -> None:
    """Refuse a model that needs more than an image and its noise level."""
    if (kind := config.get("_class_name")) != MODEL:
        raise ConfigurationError(f"{folder}: expected a {MODEL}, got {kind}{_WATCH}")
    if not any((folder / name).is_file() for name in WEIGHTS):
        raise ConfigurationError(
            f"{folder}: expected weights in {WEIGHTS[0]}, found none; save them with safe_serialization=True, since "
            "other files would have to be unpickled"
        )
    given = {name: config[name] for name in ("class_embed_type", "num_class_embeds") if config.get(name) is not None}
    if (embedding := config.get("time_embedding_type", "positional")) != "positional":
        given["time_embedding_type"] = embedding
    if given:
        raise ConfigurationError(
            f"{folder}: expected a model of an image and a positional time alone, got {given}{_WATCH}"
        )
    _check_shape(folder, config, sample_shape)


def _check_shape(folder: Path, config: dict[str, Any], sample_shape: Sequence[int]) -> None:
    channels, out_channels = config.get("in_channels", 3), config.get("out_channels", 3)
    if channels != out_channels:
        raise ConfigurationError(
            f"{folder}: expected as many channels out as in, got {channels} in and {out_channels} out, as in a model "
            f"that also predicts a variance{_WATCH}"
        )
    halvings = len(config.get("block_out_channels", (0,))) - 1
    check_image("DiffusersFolder", sample_shape, 2**halvings, f"halved {halvings} times by the model in {folder}")
    size = config.get("sample_size")
    height, width = (size, size) if size is None or isinstance(size, int) else size
    if sample_shape[0] != channels or (size is not None and tuple(sample_shape[1:]) != (height, width)):
        raise ConfigurationError(
            f"data: expected samples of shape {(channels, height, width)}, for which the model in {folder} was "
            f"trained, got {tuple(sample_shape)}; give data of that shape"
        )


def _network(folder: Path) -> nn.Module:
    library = diffusers_library("DiffusersFolder")
    try:
        network, found = library.UNet2DModel.from_pretrained(
            folder,
            use_safetensors=True,
            local_files_only=True,
            low_cpu_mem_usage=False,  # needs a further library
            torch_dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise ConfigurationError(
            f"{folder}: expected a {MODEL} that diffusers can load, got {' '.join(str(error).split()[:40])}"
        ) from error
    if missing := sorted(found["missing_keys"]):
        raise ConfigurationError(
            f"{folder}: expected all weights of the model, got none for {', '.join(missing[:3])}; save it again"
        )
    return network.train()  # type: ignore[no-any-return]  # like a new network
