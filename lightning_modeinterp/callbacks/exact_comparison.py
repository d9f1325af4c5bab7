"""A trained model against the exact score of its data, where that is known."""

import math

import torch
from torch import Tensor

from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixture, ModeStatistics
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import score_from_x_0
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.metrics.functional import neighbours, points_between, slope_ratio
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.records import NoiseLevel

NUM_REFERENCE_BLOCKS = 4
NOISE_IN_STDS = (0.5, 1, 2, 4, 8)
"""Noise levels of the comparison as sigma / alpha, in standard deviations of a mode."""

MAX_PAIRS = 40
"""Pairs of neighbouring modes that are measured at most: all of the paper's grid of 25."""


def spread_against_exact(
    module: DiffusionModule, data: ModeInterpDataModule, statistics: ModeStatistics, within_mode_std: float
) -> dict[str, float]:
    """Compare the within-mode spread with that of the exact score in the same sampler.

    A schedule that stops early shrinks even a perfect learner's modes.

    Args:
        module: The model, whose sampler the exact score borrows.
        data: Its data.
        statistics: What measured the spread, empty; a copy measures that of the exact score.
        within_mode_std: Spread of the model's samples, data units.

    Returns:
        ``within_mode_std_exact`` and ``within_mode_std_ratio``, nan where no mode has two samples of the exact score;
        empty where the data do not know their score.
    """
    exact = data.exact_denoiser_on(module.device)
    if exact is None:
        return {}
    blocks = torch.arange(min(NUM_REFERENCE_BLOCKS, -(-data.generation.num_samples // data.generation.block_size)))
    metric = statistics.clone()
    metric.sync_on_compute = False  # every process has the same reference
    metric.to(module.device).update(module.generate(data.generation.bare(), blocks, "test", predict_x_0=exact))
    spread = metric.compute()["within_mode_std"].item()
    ratio = within_mode_std / spread if spread > 0 else math.nan
    return {"within_mode_std_exact": spread, "within_mode_std_ratio": ratio}


def slopes_against_exact(module: DiffusionModule, data: ModeInterpDataModule) -> dict[str, float]:
    """Compare how sharply the score turns between neighbouring modes; see `slope_ratio`.

    Args:
        module: The model.
        data: Its data.

    Returns:
        ``score_slope_ratio/<noise>_std``, the mean over pairs of neighbours, with ``_min`` and ``_max``, at the
        levels of `noise_levels`. Empty for data that are not a mixture of two modes or more.
    """
    exact = exact_modes(data, module.device)
    if exact is None:
        return {}
    values: dict[str, float] = {}
    predict_x_0 = module.sampled_model(data.generation)
    for name, level in noise_levels(module.noise_schedule, exact.mixture).items():
        ratios = slope_ratios(predict_x_0, exact, level, module.device)
        key = f"score_slope_ratio/{name}"
        values |= {key: ratios.mean().item(), f"{key}_min": ratios.min().item(), f"{key}_max": ratios.max().item()}
    return values


def exact_modes(data: ModeInterpDataModule, device: torch.device) -> ExactMixture | None:
    """The exact score, on a device, of data that are a mixture of modes apart from each other; None for others."""
    exact = data.exact_denoiser_on(device)
    return exact if isinstance(exact, ExactMixture) and len(neighbours(exact.mixture.means)) > 0 else None


def noise_levels(schedule: NoiseSchedule, mixture: GaussianMixture) -> dict[str, NoiseLevel]:
    """The levels of `NOISE_IN_STDS` that a schedule reaches and that leave neighbours apart, by name (``0.5_std``).

    Apart means that the true slope between two equal modes, ``m^2 / v^2 - 1 / v``, is at least the ``1 / v`` of a mode
    itself: where noise has nearly made one mode of two, a ratio of slopes says nothing.
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
    """`slope_ratio` of each pair of neighbouring modes, at most `MAX_PAIRS` evenly taken ones.

    Args:
        predict_x_0: The model.
        exact: The true score.
        level: Shape (1,), float64.
        device: Of the model.

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
        device: Of the model.

    Returns:
        (N, d) float64 on the CPU, 1 / model units.
    """
    x_t = x_t.float()
    with torch.inference_mode():
        x_0_hat = predict_x_0(x_t.to(device), level.to(device, torch.float32)).cpu()
    return score_from_x_0(x_0_hat.double(), x_t.double(), level)
