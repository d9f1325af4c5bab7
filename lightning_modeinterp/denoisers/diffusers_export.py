"""A trained model as a folder that the diffusers library opens: the way back from `DiffusersFolder`."""

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
    """Write a model as ``DDPMPipeline.from_pretrained`` and ``UNet2DModel.from_pretrained`` of diffusers read it.

    Drawn there with the same noise its samples are those of the sampler here, as far as float32 goes.

    Args:
        folder: Where to; new or empty.
        denoiser: A `DiffusersUNet` or a `DiffusersFolder`; other layouts diffusers has no class for.
        schedule: The noise schedule that it was trained on; its T levels are written.
        prediction: What the network predicts.
        sampler: Whose variance and range of x_0_hat become those of the scheduler. Fixed small and no range if None.

    Returns:
        The folder.

    Raises:
        ConfigurationError: If diffusers is not installed, the folder holds something, or the model, its levels or the
            range cannot be said in the terms of diffusers.
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
    """The noise levels, in the terms of a scheduler."""
    grid = schedule.grid()
    if not torch.equal(grid.t, torch.linspace(0, 1, len(grid), dtype=torch.float64)):
        raise ConfigurationError(
            f"export: expected a network that sees times, as those of diffusers do, got one that sees the noise levels "
            f"of {type(schedule).__name__}; train it on a fixed schedule"
        )
    log_alpha_bar = torch.cat([grid.gamma.new_zeros(1), logsigmoid(-grid.gamma)])
    betas = -torch.expm1(log_alpha_bar.diff())
    alpha_bar = (1 - betas.float()).cumprod(0)  # as diffusers has them
    if not (alpha_bar[-1] > 0 and alpha_bar[0] < 1):
        raise ConfigurationError(
            f"export: expected alpha^2 between 0 and 1 in float32, in which diffusers computes, got "
            f"{grid.alpha[-1].square():.3g} to 1 - {grid.sigma[0].square():.3g}; train on a schedule with less range"
        )
    if type(schedule) is LinearBetaSchedule:
        made = as_plain(schedule)["init_args"]
        ends = {name: made[name] for name in ("beta_start", "beta_end")}
        return {"num_train_timesteps": len(grid), "beta_schedule": "linear", **ends}
    return {"num_train_timesteps": len(grid), "trained_betas": betas.tolist()}


def _sampling(sampler: Sampler | None) -> dict[str, Any]:
    """How a sampler moves, in the terms of a scheduler."""
    variance = sampler.variance if isinstance(sampler, AncestralSampler) else "fixed_small"
    reach = None if sampler is None else sampler.x_0_range
    if reach is None:
        return {"variance_type": variance, "clip_sample": False}
    low, high = reach
    if low != -high:
        raise ConfigurationError(
            f"export: expected generation.sampler.x_0_range about 0, as diffusers clips, got {list(reach)}; draw with "
            "another range, or none, first"
        )
    return {"variance_type": variance, "clip_sample": True, "clip_sample_range": high}
