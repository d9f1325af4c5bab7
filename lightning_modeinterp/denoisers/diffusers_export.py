"""Export a trained model as a folder of the diffusers library, the inverse of `DiffusersFolder`."""

from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import logsigmoid

from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.denoisers.diffusers_folder import DiffusersFolder
from lightning_modeinterp.denoisers.diffusers_library import diffusers_library
from lightning_modeinterp.denoisers.diffusers_unet import DiffusersUNet
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, NoiseSchedule
from lightning_modeinterp.diffusion.noise_schedules.diffusers_schedule import PREDICTIONS
from lightning_modeinterp.diffusion.parameterization import PredictionType
from lightning_modeinterp.diffusion.samplers import AncestralSampler, Sampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.init_args import as_plain


def save_as_diffusers(
    folder: str | Path,
    denoiser: Denoiser,
    schedule: NoiseSchedule,
    prediction: PredictionType,
    sampler: Sampler | None = None,
) -> Path:
    """Write a model that ``DDPMPipeline.from_pretrained`` and ``UNet2DModel.from_pretrained`` of diffusers can load.

    With the same noise its samples are the same as here, up to float32 rounding.

    Args:
        folder: Output folder; new or empty.
        denoiser: A `DiffusersUNet` or a `DiffusersFolder`; diffusers has no class for other layouts.
        schedule: The noise schedule it was trained on; its T levels are written.
        prediction: What the network predicts.
        sampler: Sets the variance and range of x_0_hat of the scheduler. Fixed small and no range if None.

    Returns:
        The folder.

    Raises:
        ConfigurationError: If diffusers is not installed, the folder is not empty, or the model, its levels or the
            range cannot be expressed in diffusers.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"export: expected a new or empty folder, got {folder}; choose another")
    if not isinstance(denoiser, DiffusersUNet | DiffusersFolder):
        raise ConfigurationError(
            f"export: expected the denoiser DiffusersUNet, which is a model of diffusers, got "
            f"{type(denoiser).__name__}, for whose layers diffusers has no class; train a DiffusersUNet"
        )
    if denoiser.num_steps != schedule.num_steps:
        raise ConfigurationError(
            f"export: expected a network that embeds times as the {schedule.num_steps} steps of its noise schedule, as "
            f"diffusers does, got num_steps {denoiser.num_steps}"
        )
    library = diffusers_library("export")
    kind = next(theirs for theirs, ours in PREDICTIONS.items() if ours == prediction)
    scheduler = library.DDPMScheduler(
        **_levels(schedule), **_sampling(sampler), prediction_type=kind, timestep_spacing="linspace"
    )
    library.DDPMPipeline(denoiser.network, scheduler).save_pretrained(folder, safe_serialization=True)
    return folder


@torch.no_grad()
def _levels(schedule: NoiseSchedule) -> dict[str, Any]:
    """The noise levels, as settings of a scheduler."""
    grid = schedule.grid()
    if not torch.equal(grid.t, torch.linspace(0, 1, len(grid), dtype=torch.float64)):
        raise ConfigurationError(
            f"export: expected a network with times as input, as in diffusers, got one with the noise levels "
            f"of {type(schedule).__name__}; train it on a fixed schedule"
        )
    log_alpha_bar = torch.cat([grid.gamma.new_zeros(1), logsigmoid(-grid.gamma)])
    betas = -torch.expm1(log_alpha_bar.diff())
    alpha_bar = (1 - betas.float()).cumprod(0)  # as in diffusers
    if not (alpha_bar[-1] > 0 and alpha_bar[0] < 1):
        raise ConfigurationError(
            f"export: expected alpha^2 between 0 and 1 in float32, as diffusers computes it, got "
            f"{grid.alpha[-1].square():.3g} to 1 - {grid.sigma[0].square():.3g}; use a schedule with a smaller range"
        )
    if type(schedule) is LinearBetaSchedule:
        made = as_plain(schedule)["init_args"]
        ends = {name: made[name] for name in ("beta_start", "beta_end")}
        return {"num_train_timesteps": len(grid), "beta_schedule": "linear", **ends}
    return {"num_train_timesteps": len(grid), "trained_betas": betas.tolist()}


def _sampling(sampler: Sampler | None) -> dict[str, Any]:
    """The sampler, as settings of a scheduler."""
    variance = sampler.variance if isinstance(sampler, AncestralSampler) else "fixed_small"
    reach = None if sampler is None else sampler.x_0_range
    if reach is None:
        return {"variance_type": variance, "clip_sample": False}
    low, high = reach
    if low != -high:
        raise ConfigurationError(
            f"export: expected generation.sampler.x_0_range symmetric around 0, as in diffusers, got {list(reach)}; "
            "draw with another range, or none, first"
        )
    return {"variance_type": variance, "clip_sample": True, "clip_sample_range": high}
