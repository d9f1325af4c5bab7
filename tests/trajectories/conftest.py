import numpy as np
import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.records import SamplingStep


def observe_all(observer, x_0_hats, levels):
    """Result of an observer that is shown x_0_hats (S, B, ...), first step first."""
    state = observer.init(x_0_hats[0], levels)
    for i, x_0_hat in enumerate(x_0_hats):
        step = SamplingStep(len(levels) - 1 - i, levels[i : i + 1], torch.zeros_like(x_0_hat), x_0_hat)
        state = observer.update(state, step)
    return observer.result(state)


@pytest.fixture
def observe():
    return observe_all


@pytest.fixture
def levels():
    """200 levels of the usual schedule, noisiest first."""
    return AncestralSampler(200).levels(LinearBetaSchedule())


@pytest.fixture
def make_trajectory():
    """Predictions near 3, (S, B, *sample_shape) float32, whose spread in time differs a thousandfold."""

    def make(num_steps, sample_shape, num_samples=16):
        rng = np.random.default_rng(0)
        spread = np.logspace(-5, -2, num_samples).reshape(-1, *[1] * len(sample_shape))
        moves = spread * rng.standard_normal((num_steps, num_samples, *sample_shape))
        return torch.from_numpy((3 + moves).astype(np.float32))

    return make
