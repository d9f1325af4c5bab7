"""The bank, its posterior mean against Bayes by hand, and what that makes of a sixth finger."""

from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.data import Probe
from lightning_modeinterp.data.hands import (
    ExactHands,
    FingerCount,
    HandBank,
    HandBankDataModule,
    SixthFinger,
    offered_fingers,
)
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing import check_probe, made_up_subject
from tests.subclasses import concrete_subclasses

BANK = HandBank(32, num_turns=13, num_shifts=2, noise=0.05)
EXACT = ExactHands((1, 32, 32), 13, 2, 0.05)
SCHEDULE = LinearBetaSchedule(num_steps=1000, beta_start=1e-4, beta_end=0.02)


def level(gamma):
    return NoiseLevel(torch.tensor([0.5]), torch.tensor([gamma], dtype=torch.float64))


def noised(x_0, gamma):
    eps = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return level(gamma).alpha * x_0 + level(gamma).sigma * eps


@pytest.mark.parametrize("gamma", [-5.0, 0.0, 2.0, 5.0])
def test_equals_bayes_by_densities(gamma):
    x_t = noised(BANK.sample(4, torch.Generator().manual_seed(0))[0].double(), gamma)
    alpha, sigma = level(gamma).alpha, level(gamma).sigma
    templates = BANK.templates.double()
    total = alpha**2 * 0.05**2 + sigma**2
    for x, x_0_hat in zip(x_t, EXACT(x_t, level(gamma)), strict=True):
        density = torch.distributions.Normal(alpha * templates, total.sqrt()).log_prob(x).sum((1, 2, 3))
        gain = alpha * 0.05**2 / total
        of_each = templates + gain * (x - alpha * templates)
        expected = (torch.softmax(density, 0)[:, None, None, None] * of_each).sum(0)
        torch.testing.assert_close(x_0_hat, expected, rtol=0, atol=1e-8)


def test_in_pure_noise_it_gives_the_mean():
    x_0_hat = EXACT(noised(BANK.templates[:2].double(), 30.0), level(30.0))
    torch.testing.assert_close(x_0_hat, BANK.templates.double().mean(0).expand(2, -1, -1, -1), rtol=0, atol=1e-3)


def test_all_templates_have_five_fingers():
    verdict = FingerCount().judge((BANK.templates + 1) * 127.5)
    assert verdict.in_support.all()
    assert BANK.least_gap > 1.5


def test_the_data_are_draws_from_the_bank():
    data = HandBankDataModule(32, num_turns=3, num_shifts=1, size=50, batch_size=10)
    dataset = data.make_dataset("train")
    away = dataset.images - data.bank.templates[dataset.template]
    assert away.std().item() == pytest.approx(0.02, rel=0.05)
    assert torch.equal(dataset[torch.arange(50)], data.make_dataset("train").images)
    exact = data.exact_denoiser()
    assert isinstance(exact, ExactHands)
    assert len(exact.templates) == len(data.bank.templates) == 12


def test_the_offered_hand_has_six_fingers():
    pairs = offered_fingers(BANK, 40, torch.Generator().manual_seed(0))
    oracle = FingerCount()
    assert (oracle.judge(pairs.allowed.float()).details["fingers"] == 5).all()
    assert (oracle.judge(pairs.forbidden.float()).details["fingers"] == 6).all()
    assert pairs.looked_at.flatten(1).sum(1).min() >= 8
    assert (pairs.allowed[pairs.looked_at] < 60).all()


def test_a_model_that_sees_each_pixel_alone_keeps_all():
    probe = SixthFinger(BANK, num_pairs=8)
    kept = probe.of_each(probe.pairs(), lambda x_t, each: x_t / each.alpha, SCHEDULE, 1.0)
    torch.testing.assert_close(kept, torch.ones(8).double(), rtol=0, atol=1e-4)


def test_the_exact_one_knows_the_rule_and_a_model_without_it_does_not():
    probe, subject = SixthFinger(BANK, num_pairs=48), made_up_subject()
    subject = replace(subject, drawing=replace(subject.drawing, schedule=SCHEDULE), exact=EXACT)
    exact = probe.measure(replace(subject, predict_x_0=EXACT))
    assert all(exact[f"sixth_finger/{noise}"] < 0.25 for noise in ("0.5", "1", "2", "4"))
    assert probe.knows_the_rule(exact)
    assert not probe.knows_the_rule(probe.measure(replace(subject, predict_x_0=lambda x_t, each: x_t / each.alpha)))


def test_the_probe_keeps_the_contract():
    subject = replace(made_up_subject(), predict_x_0=lambda x_t, each: x_t / each.alpha, exact=EXACT)
    check_probe(SixthFinger(BANK, num_pairs=8), subject)
    assert concrete_subclasses(Probe, "lightning_modeinterp.data.hands") == [SixthFinger]
    assert [type(probe) for probe in HandBankDataModule(32, 3, 1, size=8, batch_size=4).probes()] == [SixthFinger]


@pytest.mark.parametrize("settings", [{"image_size": 16}, {"num_turns": 1}, {"num_shifts": 0}, {"noise": 0.0}], ids=str)
def test_refuses(settings):
    with pytest.raises(ConfigurationError, match="bank: expected image_size >= 24"):
        HandBank(**settings)


@pytest.mark.parametrize("shape", [(2,), (3, 32, 32), (1, 32, 16)])
def test_refuses_other_samples(shape):
    with pytest.raises(ConfigurationError, match="expected square grey images"):
        ExactHands(shape)
