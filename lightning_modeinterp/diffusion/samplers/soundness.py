"""Whether a sampler can be trusted on a noise schedule, asked before anything is drawn.

Where alpha is tiny, ``x_0_hat = (x_t - sigma eps_hat) / alpha`` magnifies whatever is wrong with eps_hat, and a sampler
hands on more or less of it. A network whose eps_hat is a tenth too small, ``0.9 sigma x_t`` for data spread like
N(0, I), moves x_t by the factor

    a + (b / alpha) (1 - 0.9 sigma^2),    with the scales a of x_t and b of x_0_hat,

a step. Ancestral sampling in many steps has factors below 1: its own noise makes it forget. DDIM forgets nothing, so
its errors grow the more the smaller alpha is where it begins.
"""

import torch

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import PredictionType
from lightning_modeinterp.diffusion.samplers.base import Sampler, followed_by_clean

SHORTFALL = 0.1
"""Share by which eps_hat is too small in the network that is asked about."""

MOST_GROWTH = 10.0
"""From which growth on a sampler is doubted.

Of 4,096 samples of a 1D network some ran away at 250 and more, at 6 none.
"""

MOST_SIGNAL = 0.01
"""Largest alpha^2 where sampling may begin with pure noise."""


@torch.no_grad()
def error_growth(sampler: Sampler, schedule: NoiseSchedule) -> float:
    """By how much an error of x_t may grow on the way, where eps is predicted: the product of the factors at its peak.

    It cannot tell how wrong a network is; one whose eps_hat follows any x_t has nothing to magnify.

    Args:
        sampler: How a trajectory moves.
        schedule: Through which noise levels.

    Example:
        >>> from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
        >>> from lightning_modeinterp.diffusion.samplers import DDIMSampler
        >>> released = LinearBetaSchedule(1000, 0.001, 0.2)
        >>> round(error_growth(DDIMSampler(100), released)), round(error_growth(DDIMSampler(100, 1e-7), released))
        (1985, 2)
    """
    levels = sampler.levels(schedule)
    scales = sampler.update_scales(levels, followed_by_clean(levels))
    factors = scales.x_t + scales.x_0_hat / levels.alpha * (1 - (1 - SHORTFALL) * levels.sigma.square())
    return float(factors.abs().log().cumsum(0).max().exp())


@torch.no_grad()
def doubts(sampler: Sampler, schedule: NoiseSchedule, prediction: PredictionType) -> list[str]:
    """What may be wrong with the samples, a line each, with the remedy.

    Args:
        sampler: How a trajectory moves.
        schedule: Through which noise levels.
        prediction: What the network predicts. Of x_0 and v nothing is divided by alpha.
    """
    lines = []
    first = float(sampler.levels(schedule).alpha[0].square())
    if prediction == "eps" and sampler.x_0_range is None and (growth := error_growth(sampler, schedule)) > MOST_GROWTH:
        lines.append(
            f"generation.sampler: from alpha^2 = {first:.2g} on its steps divide by alpha and may magnify errors of "
            f"the network {growth:.2g} times, so that samples run away; set start_alpha_bar to 1e-7, or give it an "
            "x_0_range"
        )
    if first > MOST_SIGNAL:
        lines.append(
            f"generation.sampler: it begins with pure noise where alpha^2 is {first:.2g} and x_t still holds a trace "
            "of the data; lower start_alpha_bar, or let the noise schedule end with more noise"
        )
    return lines
