import math

import numpy as np
import pytest
import torch

from lightning_modeinterp.diffusion.losses import clamped_snr_weight, ddpm_loss
from lightning_modeinterp.diffusion.parameterization import noised, target, x_0_from
from lightning_modeinterp.records import NoiseLevel

GAMMAS = torch.linspace(-20, 20, 41, dtype=torch.float64)
LEVEL = NoiseLevel(t=GAMMAS, gamma=GAMMAS)


def test_the_plain_loss_is_the_mean_squared_error():
    output, wanted = torch.randn(2, 7, 3, 4, generator=torch.Generator().manual_seed(0))
    expected = np.mean((output.numpy().astype(np.float64) - wanted.numpy()) ** 2)
    terms = ddpm_loss(output, wanted)
    assert set(terms) == {"loss"}
    assert terms["loss"].item() == pytest.approx(expected, rel=1e-6)


def test_a_weight_counts_each_sample_and_the_plain_error_stays_on_show():
    output, wanted = torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight = [0.5, 0.0, 2.0]
    error = ((output - wanted) ** 2).numpy()
    output.requires_grad_()
    terms = ddpm_loss(output, wanted, torch.tensor(weight, dtype=torch.float64))
    assert terms["loss"].item() == pytest.approx(sum(w * e for w, e in zip(weight, error.mean(1), strict=True)) / 3)
    assert terms["mse"].item() == pytest.approx(error.mean())
    assert terms["loss"].requires_grad
    assert not terms["mse"].requires_grad


@pytest.mark.parametrize(("floor", "cap"), [(0.0, 1.0), (0.0, 5.0), (0.5, 5.0), (1.0, math.inf)])
def test_clamped_snr_weights_equal_their_formula(floor, cap):
    snr = np.exp(-GAMMAS.numpy())
    on_x_0 = np.clip(snr, floor, cap)
    for prediction, expected in {"x_0": on_x_0, "eps": on_x_0 / snr, "v": on_x_0 / (snr + 1)}.items():
        np.testing.assert_allclose(clamped_snr_weight(LEVEL, floor, cap, prediction).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("floor", [0.0, 1.0])
@pytest.mark.parametrize("prediction", ["eps", "x_0", "v"])
def test_every_prediction_puts_the_same_weight_on_the_error_of_x_0(prediction, floor):
    generator = torch.Generator().manual_seed(0)
    x_0, eps, mistake = torch.randn(3, 41, 2, generator=generator, dtype=torch.float64)
    output = target(x_0, eps, LEVEL, prediction) + mistake
    x_0_hat = x_0_from(output, noised(x_0, eps, LEVEL), LEVEL, prediction)
    weighted = clamped_snr_weight(LEVEL, floor, 5.0, prediction) * mistake.square().sum(1)
    expected = torch.exp(-GAMMAS).clamp(floor, 5) * (x_0_hat - x_0).square().sum(1)
    torch.testing.assert_close(weighted, expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("prediction", ["eps", "x_0", "v"])
def test_clamped_snr_weights_stay_finite_in_float32_at_any_level(prediction):
    gamma = torch.tensor([-200.0, -90.0, 90.0, 200.0])
    weight = clamped_snr_weight(NoiseLevel(gamma, gamma), 0.0, 5.0, prediction)
    assert weight.isfinite().all()
    assert weight[2:].tolist() == pytest.approx([1.0, 1.0] if prediction == "eps" else [math.exp(-90), 0.0], abs=1e-38)
