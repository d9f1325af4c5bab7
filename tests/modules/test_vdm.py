"""The bound against closed forms and quadrature. Monte Carlo means are held to 4 standard errors, at fixed keys."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixture
from lightning_modeinterp.denoisers import MLP, Denoiser
from lightning_modeinterp.diffusion.decoders import DiscretizedGaussianDecoder
from lightning_modeinterp.diffusion.noise_schedules import (
    CosineSchedule,
    LearnedGammaSchedule,
    LinearGammaSchedule,
)
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import BatchNoise, keyed_generator
from lightning_modeinterp.modules import DDPM, VDM

MEAN, STD = 0.7, 0.4
GAUSSIAN = GaussianMixture([[MEAN, MEAN]], STD)
MODES, WIDTH = [1.0, 2.0, 3.0], 0.05
TERMS = ("loss", "diffusion", "prior", "reconstruction")
NUM_BATCHES, BATCH_SIZE = 64, 16_384


def noise_of(index, num_samples=BATCH_SIZE):
    return BatchNoise(keyed_generator(0, "test", index), num_samples)


def estimate(module, mixture, num_batches=NUM_BATCHES):
    """Means of the terms over 64 batches of 16,384 fresh samples, and their standard errors from the batches."""
    rows = []
    for index in range(num_batches):
        generator = torch.Generator().manual_seed(1000 + index)
        x_0 = mixture.sample(BATCH_SIZE, generator)
        with torch.no_grad():
            terms = module.loss_terms(x_0, noise_of(index))
        rows.append(torch.stack([terms[name] for name in TERMS]))
    values = torch.stack(rows)
    return dict(zip(TERMS, values.mean(0), strict=True)), dict(
        zip(TERMS, values.std(0) / num_batches**0.5, strict=True)
    )


def agree(module, mixture, expected):
    means, errors = estimate(module, mixture)
    for name, value in expected.items():
        assert abs(means[name] - value) < 4 * errors[name] + 1e-9, name
        assert errors[name] < 0.02
    return means, errors


def gaussian_vdm(gamma_min, gamma_max, num_train_steps=None, **settings):
    exact = ExactMixture((2,), [[MEAN, MEAN]], STD)
    schedule = LinearGammaSchedule(gamma_min, gamma_max)
    return VDM(exact, schedule, prediction="x_0", num_train_steps=num_train_steps, **settings)


def gaussian_bound(gamma_min, gamma_max, num_train_steps=None):
    """Terms of a Gaussian in bits; its exact denoiser has E(eps - eps_hat)^2 = sigmoid(2 log s - gamma)."""
    c = 2 * math.log(STD)

    def softplus(value):
        return np.logaddexp(0, value)

    if num_train_steps is None:
        diffusion = (softplus(c - gamma_min) - softplus(c - gamma_max)) / 2
    else:
        step = (gamma_max - gamma_min) / num_train_steps
        gamma = gamma_min + step * np.arange(1, num_train_steps + 1)
        diffusion = math.expm1(step) / 2 * np.sum(1 / (1 + np.exp(gamma - c)))
    alpha_squared = 1 / (1 + math.exp(gamma_max))
    prior = (alpha_squared * (MEAN**2 + STD**2 - 1) - math.log1p(-alpha_squared)) / 2
    reconstruction = (1 + gamma_min + math.log(2 * math.pi)) / 2
    nats = {"diffusion": diffusion, "prior": prior, "reconstruction": reconstruction}
    bits = {name: value / math.log(2) for name, value in nats.items()}
    return {"loss": sum(bits.values()), **bits}


@pytest.mark.parametrize(
    ("num_train_steps", "is_antithetic"), [(None, True), (None, False), (1, True), (10, False), (1000, True)]
)
def test_of_a_gaussian_all_terms_are_known(num_train_steps, is_antithetic):
    module = gaussian_vdm(-8.0, 5.0, num_train_steps, is_antithetic=is_antithetic)
    expected = gaussian_bound(-8.0, 5.0, num_train_steps)
    if num_train_steps == 1:  # one step from e^5 to e^-8: the error counts e^13 / 2 times
        means, errors = estimate(module, GAUSSIAN)
        assert abs(means["loss"] - expected["loss"]) < 4 * errors["loss"]
    else:
        agree(module, GAUSSIAN, expected)


def test_the_bound_falls_to_the_entropy():
    entropy = 0.5 * math.log2(2 * math.pi * math.e * STD**2)
    gaps = [gaussian_bound(-8.0, 5.0, steps)["loss"] - entropy for steps in (10, 100, 1000, None)]
    gaps += [gaussian_bound(low, 8.0)["loss"] - entropy for low in (-10.0, -12.0, -16.0)]
    assert all(a > b > 0 for a, b in pairwise(gaps))
    assert gaussian_bound(-16.0, 18.0)["loss"] - entropy < 1e-6
    means, errors = estimate(gaussian_vdm(-16.0, 18.0), GAUSSIAN)
    assert abs(means["loss"] - entropy) < 4 * errors["loss"]


def mixture_bound(gamma_min, gamma_max):
    """Bound of the 1D mixture with its exact denoiser, and E[-log p], by quadrature; bits."""
    means = np.array(MODES)

    def normalised(z, alpha, variance):
        log_joint = -((z[:, None] - alpha * means) ** 2) / (2 * variance) - 0.5 * np.log(2 * np.pi * variance * 9)
        return logsumexp(log_joint, axis=1), np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))

    def squared_error(gamma):
        """E|eps - eps_hat|^2 = e^-gamma E Var(x_0 | z)."""
        alpha, sigma_squared = np.sqrt(1 / (1 + np.exp(gamma))), 1 / (1 + np.exp(-gamma))
        variance = alpha**2 * WIDTH**2 + sigma_squared
        z = np.linspace(alpha - 9 * variance**0.5, 3 * alpha + 9 * variance**0.5, 4001)
        log_density, weights = normalised(z, alpha, variance)
        centres = means + alpha * WIDTH**2 / variance * (z[:, None] - alpha * means)
        within = WIDTH**2 * sigma_squared / variance
        mean = (weights * centres).sum(1, keepdims=True)
        posterior_variance = within + (weights * (centres - mean) ** 2).sum(1)
        return np.exp(-gamma) * np.trapezoid(np.exp(log_density) * posterior_variance, z)

    gamma = np.linspace(gamma_min, gamma_max, 1001)
    diffusion = np.trapezoid([squared_error(each) for each in gamma], gamma) / 2
    alpha_squared = 1 / (1 + math.exp(gamma_max))
    prior = (alpha_squared * (np.mean(means**2) + WIDTH**2 - 1) - math.log1p(-alpha_squared)) / 2
    reconstruction = (1 + gamma_min + math.log(2 * math.pi)) / 2
    x = np.linspace(0.4, 3.6, 100_001)
    log_density, _ = normalised(x, 1.0, WIDTH**2)
    entropy = -np.trapezoid(np.exp(log_density) * log_density, x)
    nats = {"diffusion": diffusion, "prior": prior, "reconstruction": reconstruction, "entropy": entropy}
    bits = {name: value / math.log(2) for name, value in nats.items()}
    entropy = bits.pop("entropy")
    return {"loss": sum(bits.values()), **bits}, entropy


def test_of_a_mixture_the_terms_equal_their_integrals_and_bound_the_likelihood():
    module = VDM(ExactMixture((1,), MODES, WIDTH), LinearGammaSchedule(-11.0, 7.0), prediction="x_0")
    expected, entropy = mixture_bound(-11.0, 7.0)
    agree(module, GaussianMixture(MODES, WIDTH), expected)
    assert 0 < expected["loss"] - entropy < 0.02
    narrow, _ = mixture_bound(-6.0, 7.0)
    wide, _ = mixture_bound(-16.0, 18.0)
    assert narrow["loss"] > expected["loss"] > wide["loss"] > entropy
    assert wide["loss"] - entropy < 1e-4


class Sees(Denoiser):
    """A small network of x_t, t and gamma."""

    def __init__(self):
        super().__init__((2,))
        self.weight = torch.nn.Parameter(torch.tensor([0.5, 0.3, -0.2], dtype=torch.float64))

    def forward(self, x_t, level):
        a, b, c = self.weight
        return torch.tanh(a * x_t + (b * level.t + c * level.gamma / 10).unsqueeze(1))


@pytest.mark.parametrize("schedule", [LinearGammaSchedule(-8.0, 5.0), CosineSchedule(50)], ids=["linear", "cosine"])
def test_many_steps_are_continuous_time(schedule):
    x_0 = GAUSSIAN.sample(512, torch.Generator().manual_seed(0))
    limit, steps = (
        VDM(Sees(), schedule, num_train_steps=num_train_steps).loss_terms(x_0, noise_of(0, 512))
        for num_train_steps in (None, 10**6)
    )
    for name in TERMS:
        assert steps[name].item() == pytest.approx(limit[name].item(), rel=2e-3)


@pytest.mark.parametrize("is_antithetic", [True, False])
@pytest.mark.parametrize("prediction", ["eps", "x_0", "v"])
def test_every_prediction_is_held_to_the_same_bound(prediction, is_antithetic):
    """An error of eps alone, told in three ways."""

    class Errs(Denoiser):
        def forward(self, x_t, level):
            alpha, sigma = level.alpha.unsqueeze(1), level.sigma.unsqueeze(1)
            eps_hat = 0.5 * torch.sin(x_t)
            x_0_hat = (x_t - sigma * eps_hat) / alpha
            return {"eps": eps_hat, "x_0": x_0_hat, "v": alpha * eps_hat - sigma * x_0_hat}[prediction]

    x_0 = GAUSSIAN.sample(256, torch.Generator().manual_seed(0))
    schedule = LinearGammaSchedule(-8.0, 5.0)
    module = VDM(Errs((2,)), schedule, prediction=prediction, is_antithetic=is_antithetic)
    terms = module.loss_terms(x_0, noise_of(0, 256))
    noise = noise_of(0, 256)
    t, eps = noise.times(x_0, is_antithetic), noise.normal(x_0)
    gamma = -8 + 13 * t[:, None]
    z_t = x_0 / (1 + gamma.exp()).sqrt() + eps / (1 + (-gamma).exp()).sqrt()
    expected = (13 / 2 * (eps - 0.5 * torch.sin(z_t)).square().sum(1)).mean() / (2 * math.log(2))
    assert terms["diffusion"].item() == pytest.approx(expected.item(), rel=1e-6)


def bent_schedule(**settings):
    schedule = LearnedGammaSchedule(-8.0, 5.0, num_units=4, **settings)
    with torch.no_grad():
        schedule.heights.copy_(torch.tensor([3.0, -2.0, 0.5, 1.0]))
        schedule.centres.copy_(torch.tensor([0.1, 0.4, 0.5, 0.95]))
    return schedule


def test_in_continuous_time_the_interior_leaves_the_bound():
    bent = bent_schedule()
    middle = torch.linspace(0, 1, 101, dtype=torch.float64)
    assert (bent.gamma(middle) - LinearGammaSchedule(-8.0, 5.0).gamma(middle)).abs().max() > 0.5
    exact = ExactMixture((2,), [[MEAN, MEAN]], STD)
    agree(VDM(exact, bent, prediction="x_0"), GAUSSIAN, gaussian_bound(-8.0, 5.0))
    in_steps, errors = estimate(VDM(exact, bent, prediction="x_0", num_train_steps=10), GAUSSIAN)
    assert abs(in_steps["loss"] - gaussian_bound(-8.0, 5.0, 10)["loss"]) > 20 * errors["loss"]


def gradients(module, loss):
    names, parameters = zip(*module.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters, retain_graph=True), strict=True))


def bits_of_each(module, x_0):
    """The diffusion loss of each sample, by reverse mode only."""
    noise, schedule = noise_of(0, len(x_0)), module.noise_schedule
    t, eps = noise.times(x_0, module.is_antithetic).requires_grad_(), noise.normal(x_0)
    level = schedule.level(t)
    (slope,) = torch.autograd.grad(level.gamma.sum(), t, create_graph=True)
    gamma = level.gamma.unsqueeze(1)
    z_t = x_0 / (1 + gamma.exp()).sqrt() + eps / (1 + (-gamma).exp()).sqrt()
    eps_hat = module.denoiser(z_t, level)
    return slope * (eps - eps_hat).square().sum(1) / (4 * math.log(2))


def test_the_interior_descends_the_square_of_the_loss_and_the_rest_the_bound():
    module = VDM(Sees(), bent_schedule())
    x_0 = GAUSSIAN.sample(128, torch.Generator().manual_seed(0))
    terms, bits = module.loss_terms(x_0, noise_of(0, 128)), bits_of_each(module, x_0)
    actual, of_square = gradients(module, terms["loss"]), gradients(module, bits.square().mean())
    of_bound = gradients(module, bits.mean() + terms["prior"] + terms["reconstruction"])
    interior = {"noise_schedule.skip", "noise_schedule.heights", "noise_schedule.steepness", "noise_schedule.centres"}
    assert actual.keys() == interior | {"noise_schedule.spans", "denoiser.weight"}
    for name, gradient in actual.items():
        wanted, other = (of_square, of_bound) if name in interior else (of_bound, of_square)
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-4, atol=1e-4)
        assert not torch.allclose(gradient, other[name], rtol=0.01)


def test_in_steps_the_bound_trains_the_interior():
    module = VDM(Sees(), bent_schedule(), num_train_steps=10)
    x_0 = GAUSSIAN.sample(128, torch.Generator().manual_seed(0))

    def loss():
        return module.loss_terms(x_0, noise_of(0, 128))["loss"]

    centres = module.noise_schedule.centres
    slope = gradients(module, loss())["noise_schedule.centres"][1].item()
    values = []
    for step in (1e-3, -2e-3):
        with torch.no_grad():
            centres[1] += step
        values.append(loss().item())
    assert slope == pytest.approx((values[0] - values[1]) / 2e-3, rel=1e-3)


def test_autocast_touches_the_network_alone():
    seen = []

    class Notes(MLP):
        def forward(self, x_t, level):
            seen.append((x_t.dtype, level.gamma.dtype))
            output = super().forward(x_t, level)
            assert output.dtype == torch.bfloat16
            return output

    torch.manual_seed(0)
    module, x_0 = VDM(Notes((1,), width=16), LearnedGammaSchedule()), torch.randn(64, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        terms = module.loss_terms(x_0, noise_of(0, 64))
        terms["loss"].backward()
    assert {term.dtype for term in terms.values()} == {torch.float32}
    assert seen == [(torch.float32, torch.float32)]
    assert all(weights.grad.dtype == torch.float32 for weights in module.parameters())
    exact, in_float32 = (VDM(ExactMixture((1,), MODES, WIDTH), LinearGammaSchedule(), prediction="x_0") for _ in "ab")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = exact.loss_terms(x_0, noise_of(0, 64))
    assert all(torch.equal(mixed[name], in_float32.loss_terms(x_0, noise_of(0, 64))[name]) for name in TERMS)


def test_images_are_decoded_by_their_levels():
    class Zero(Denoiser):
        def forward(self, x_t, level):
            return 0 * x_t

    x_0 = torch.randint(4, (32, 1, 3, 3), generator=torch.Generator().manual_seed(0)) / 1.5 - 1
    decoder = DiscretizedGaussianDecoder(4)
    terms = VDM(Zero((1, 3, 3)), LinearGammaSchedule(), decoder=decoder).loss_terms(x_0, noise_of(0, 32))
    assert 0 <= terms["reconstruction"] < 1e-6  # levels are 0.67 apart, the noise is 0.001
    assert terms["loss"] == terms["diffusion"] + terms["prior"] + terms["reconstruction"]


def test_validation_in_inference_mode_gives_the_same():
    module, x_0 = VDM(Sees(), bent_schedule()), GAUSSIAN.sample(64, torch.Generator().manual_seed(0))
    expected = module.loss_terms(x_0, noise_of(0, 64))
    with torch.inference_mode():
        terms = module.loss_terms(x_0, noise_of(0, 64))
    for name in TERMS:
        torch.testing.assert_close(terms[name], expected[name], msg=name)


@pytest.mark.parametrize("num_train_steps", [0, -5])
def test_refuses_fewer_than_one_step(num_train_steps):
    with pytest.raises(ConfigurationError, match=r"model.num_train_steps: expected at least 1.*got"):
        gaussian_vdm(-8.0, 5.0, num_train_steps)


def test_refuses_a_network_that_rounds_its_times():
    with pytest.raises(ConfigurationError, match=r"with exact times, got MLP .* set time_table to false"):
        VDM(MLP((1,), time_table=True), LinearGammaSchedule())


def test_ddpm_refuses_a_schedule_that_is_learned():
    with pytest.raises(ConfigurationError, match=r"model.noise_schedule: .* got LearnedGammaSchedule; take VDM"):
        DDPM(MLP((1,)), LearnedGammaSchedule())
