"""Noised images at a given level, as input of a model."""

import torch
from torch import Tensor

from lightning_modeinterp.data.images.byte_images import to_model_units
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import noised
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.records import NoiseLevel


def noised_images(
    images: Tensor, schedule: NoiseSchedule, noise_to_signal: float, purpose: str, device: torch.device
) -> tuple[Tensor, NoiseLevel]:
    """Noise images; the noise depends only on their number and the purpose.

    Args:
        images: (N, C, H, W) uint8.
        schedule: Noise schedule of the model.
        noise_to_signal: The level, as sigma / alpha.
        purpose: Use of the images.
        device: Device of the model.

    Returns:
        x_t (N, C, H, W), model units, and the level, (1,), both float32 on the device.

    Raises:
        ConfigurationError: If the schedule does not reach the level.
    """
    level = schedule.level_at(noise_to_signal).to(device, torch.float32)
    eps = torch.randn(images.shape, generator=keyed_generator(0, f"{purpose}/{noise_to_signal}", 0))
    return noised(to_model_units(images).to(device), eps.to(device), level), level
