import numpy as np
import pytest
import torch

from lightning_modeinterp.metrics.functional import (
    interpolation_enrichment,
    mode_coverage,
    mode_weight_least,
    mode_weight_tv,
    within_mode_std,
)

QUARTERS = torch.full((4,), 0.25)


def moments(samples, mode, centers):
    """Counts, sums and sums of squares about the centres, float64."""
    deviations = samples - centers[mode]
    zeros = torch.zeros_like(centers)
    counts = torch.bincount(mode, minlength=len(centers))
    return counts, zeros.index_add(0, mode, deviations), zeros.index_add(0, mode, deviations.square())


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([25, 25, 25, 25], 1.0), ([97, 1, 1, 1], 0.25), ([40, 30, 30, 0], 0.75), ([385, 10, 5, 0], 0.5), ([0] * 4, 0.0)],
)
def test_mode_coverage_by_hand(counts, expected):
    assert mode_coverage(torch.tensor(counts), QUARTERS).item() == expected


def test_mode_coverage_asks_for_a_tenth_inclusively():
    # 400 samples: 100 expected of each mode, so 10 are enough and 9 are not.
    assert mode_coverage(torch.tensor([380, 10, 9, 1]), QUARTERS).item() == 0.5


def test_mode_coverage_does_not_ask_for_modes_without_weight():
    assert mode_coverage(torch.tensor([9, 0]), torch.tensor([1.0, 0.0])).item() == 1.0


def test_mode_weight_tv_by_hand():
    assert mode_weight_tv(torch.tensor([10, 10, 10, 10]), QUARTERS).item() == 0
    assert mode_weight_tv(torch.tensor([8, 0, 0, 0]), QUARTERS).item() == 0.75
    assert mode_weight_tv(torch.tensor([0, 0, 0, 0]), QUARTERS).isnan()


def test_mode_weight_least_by_hand():
    assert mode_weight_least(torch.tensor([10, 10, 10, 10]), QUARTERS).item() == 1
    assert mode_weight_least(torch.tensor([12, 12, 12, 4]), QUARTERS).item() == pytest.approx(0.4)
    assert mode_weight_least(torch.tensor([3, 0]), torch.tensor([1.0, 0.0])).item() == 1  # nobody asks for the second
    assert mode_weight_least(torch.tensor([0, 0, 0, 0]), QUARTERS).isnan()


def test_mode_weight_tv_of_chance_matches_its_docstring():
    num_modes, num_samples = 400, 40_000
    counts = torch.from_numpy(np.random.default_rng(0).multinomial(num_samples, np.full(num_modes, 1 / num_modes)))
    chance = np.sqrt(num_modes / (2 * np.pi * num_samples))
    assert mode_weight_tv(counts, torch.full((num_modes,), 1 / num_modes)).item() == pytest.approx(chance, rel=0.1)


def test_within_mode_std_equals_numpy():
    generator = torch.Generator().manual_seed(0)
    centers = torch.tensor([[0.0, 0.0], [5.0, 5.0], [9.0, 0.0]], dtype=torch.float64)
    mode = torch.randint(2, (500,), generator=generator)  # the third mode is never visited
    samples = centers[mode] + 0.2 + 0.1 * torch.randn(500, 2, generator=generator, dtype=torch.float64)
    squares = sum(((part - part.mean(0)) ** 2).sum() for part in (samples[mode == k].numpy() for k in range(2)))
    assert within_mode_std(*moments(samples, mode, centers)).item() == pytest.approx(np.sqrt(squares / 1000), rel=1e-12)


def test_within_mode_std_does_not_cancel_far_from_the_origin():
    generator = torch.Generator().manual_seed(0)
    centers = torch.tensor([[1e6]], dtype=torch.float64)
    noise = 1e-3 * torch.randn(1000, 1, generator=generator, dtype=torch.float64)
    std = within_mode_std(*moments(centers + noise, torch.zeros(1000).long(), centers))
    assert std.item() == pytest.approx(noise.numpy().std(), rel=1e-6)


def test_within_mode_std_of_single_and_of_no_samples():
    centers = torch.zeros(2, 1, dtype=torch.float64)
    single = moments(torch.tensor([[0.1], [0.3]], dtype=torch.float64), torch.tensor([0, 1]), centers)
    assert within_mode_std(*single).item() == pytest.approx(0, abs=1e-8)
    assert within_mode_std(torch.zeros(2).long(), centers, centers).isnan()


def test_interpolation_enrichment_of_chance_is_one():
    assert interpolation_enrichment(torch.tensor(41), torch.tensor(100), 0.41).item() == pytest.approx(1.0)
    assert interpolation_enrichment(torch.tensor(0), torch.tensor(0), 0.41).isnan()
