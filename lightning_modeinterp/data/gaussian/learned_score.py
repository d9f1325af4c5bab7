"""The learned score of a model compared with the exact one of a mixture."""

import torch
from torch import Tensor

from lightning_modeinterp.data.gaussian.exact_mixture import ExactMixture
from lightning_modeinterp.data.gaussian.mixture import GaussianMixture
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import score_from_x_0
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.metrics.functional import neighbours, points_between, slope_ratio
from lightning_modeinterp.records import NoiseLevel

NOISE_IN_STDS = (0.5, 1, 2, 4, 8)
"""Noise levels of the comparison as sigma / alpha, in standard deviations of a mode."""

MAX_PAIRS = 40
"""Maximum number of pairs of neighbouring modes: all of the paper's grid of 25."""


def apart_modes(exact: Denoiser | None) -> ExactMixture | None:
    """The exact score of a mixture of separated modes; None for other data."""
    return exact if isinstance(exact, ExactMixture) and len(neighbours(exact.mixture.means)) > 0 else None


def noise_levels(schedule: NoiseSchedule, mixture: GaussianMixture) -> dict[str, NoiseLevel]:
    """The levels of `NOISE_IN_STDS` that a schedule reaches with neighbours separate, by name (``0.5_std``).

    Separate means that the true slope between two equal modes, ``m^2 / v^2 - 1 / v``, is at least the ``1 / v`` of a
    mode itself: if noise has nearly merged two modes, a ratio of slopes says nothing.
    """
    first, last = mixture.means[neighbours(mixture.means)].unbind(1)
    half_distance = torch.linalg.vector_norm(last - first, dim=1).min().item() / 2
    apart = [noise for noise in NOISE_IN_STDS if half_distance**2 >= 2 * (1 + noise**2) * mixture.std**2]
    return {
        f"{noise:g}_std": schedule.level_at(noise * mixture.std)
        for noise in apart
        if schedule.reaches(noise * mixture.std)
    }


def slope_ratios(predict_x_0: PredictX0, exact: ExactMixture, level: NoiseLevel, device: torch.device) -> Tensor:
    """`slope_ratio` of each pair of neighbouring modes, at most `MAX_PAIRS` evenly chosen ones.

    Args:
        predict_x_0: The model.
        exact: The true score.
        level: Shape (1,), float64.
        device: Device of the model.

    Returns:
        (P,) float64.
    """
    means = level.alpha * exact.mixture.means
    variance = ((level.alpha * exact.mixture.std).square() + level.sigma.square()).item()
    pairs = neighbours(means)
    ratios = []
    for first, last in means[pairs[:: -(-len(pairs) // MAX_PAIRS)]]:
        x_t = points_between(first, last, variance)
        learned, true = (score(predict, x_t, level, device) for predict in (predict_x_0, exact))
        ratios.append(slope_ratio(learned, true, x_t.float()))
    return torch.stack(ratios)


def score(predict_x_0: PredictX0, x_t: Tensor, level: NoiseLevel, device: torch.device) -> Tensor:
    """Score of a model at points of one noise level.

    Args:
        predict_x_0: The model.
        x_t: (N, d), model units.
        level: Shape (1,), float64.
        device: Device of the model.

    Returns:
        (N, d) float64 on the CPU, 1 / model units.
    """
    x_t = x_t.float()
    with torch.inference_mode():
        x_0_hat = predict_x_0(x_t.to(device), level.to(device, torch.float32)).cpu()
    return score_from_x_0(x_0_hat.double(), x_t.double(), level)
