"""The contract of a denoiser; a plug-in author calls `check_denoiser` on theirs."""

import inspect

import pytest
import torch

from lightning_modeinterp.denoisers import MLP, Denoiser, ExactMixture
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule

BUILDERS = {
    ExactMixture: lambda: ExactMixture((2,), [[0.0, 0.0], [1.0, 1.0]], std=0.1),
    MLP: lambda: MLP((2,), width=16),
}


def concrete_subclasses(base):
    below = [c for child in base.__subclasses__() for c in (child, *concrete_subclasses(child))]
    return [c for c in below if not inspect.isabstract(c) and c.__module__.startswith("lightning_modeinterp")]


def check_denoiser(denoiser):
    """Finite float32 outputs like the input, each sample by itself, and one level for all as good as one for each."""
    denoiser.eval()
    assert denoiser.prediction in (None, "eps", "x_0", "v")
    x_t = torch.randn(5, *denoiser.sample_shape, generator=torch.Generator().manual_seed(0))
    schedule = LinearBetaSchedule()
    with torch.no_grad():
        each = schedule.level(torch.linspace(0, 1, 5))
        output = denoiser(x_t, each)
        assert (output.shape, output.dtype) == (x_t.shape, torch.float32)
        assert output.isfinite().all()
        torch.testing.assert_close(denoiser(x_t.flip(0), each[torch.arange(4, -1, -1)]).flip(0), output)
        for t in (0.0, 0.3, 1.0):
            one, same = schedule.level(torch.tensor([t])), schedule.level(torch.full((5,), t))
            torch.testing.assert_close(denoiser(x_t, one), denoiser(x_t, same))
        torch.testing.assert_close(denoiser(x_t[:1], each[:1]), output[:1])


@pytest.mark.parametrize("subclass", concrete_subclasses(Denoiser))
def test_contract(subclass):
    check_denoiser(BUILDERS[subclass]())  # a KeyError here: add a line to BUILDERS for the new denoiser
