"""Schedules, and the same schedules in another library, in float64."""

import numpy as np
import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule

PAPER, STANDARD = (0.001, 0.2), (1e-4, 0.02)


def use_float64(peer, betas):
    """Let a diffusers scheduler work on these betas; by itself it accumulates them in float32."""
    peer.betas = torch.from_numpy(betas)
    peer.alphas = 1 - peer.betas
    peer.alphas_cumprod = torch.from_numpy(np.cumprod(1 - betas))
    return peer


@pytest.fixture(params=[PAPER, STANDARD], ids=["paper", "standard"])
def ends(request):
    return request.param


@pytest.fixture
def schedule(ends):
    return LinearBetaSchedule(1000, *ends)


@pytest.fixture
def as_peer(ends):
    """Turns a diffusers scheduler class into one on the same betas, that clips nothing."""

    def make(scheduler_class, **settings):
        return use_float64(scheduler_class(1000, clip_sample=False, **settings), np.linspace(*ends, 1000))

    return make


@pytest.fixture
def step_inputs():
    """x_t, network output eps and fresh noise, each (8, 2) float64."""
    return torch.randn(3, 8, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def take_step():
    """One step of our sampler from level ``index`` of the schedule to ``next_index`` (-1: the clean end)."""

    def take(sampler, schedule, index, next_index, x_t, eps_hat, noise):
        from lightning_modeinterp.diffusion.parameterization import x_0_from
        from lightning_modeinterp.diffusion.samplers import UpdateScales, followed_by_clean
        from lightning_modeinterp.records import SamplingStep

        level = schedule.grid()[index : index + 1]
        next_level = followed_by_clean(level) if next_index < 0 else schedule.grid()[next_index : next_index + 1]
        scales = sampler.update_scales(level, next_level)
        step = SamplingStep(0, level, x_t, x_0_from(eps_hat, x_t, level, "eps"))
        return sampler.step(step, UpdateScales(scales.x_t[0], scales.x_0_hat[0], scales.noise[0]), noise)

    return take
