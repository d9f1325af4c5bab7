import math

import pytest
import torch
from torch_fidelity.metric_kid import kid_features_to_metric

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import KernelDistance
from lightning_modeinterp.metrics.functional.kernel_distance import kernel_distance, kernel_sums
from lightning_modeinterp.testing import check_generation_metric

from .test_frechet_distance import Pixels, batch, draws


@pytest.fixture
def metric():
    return KernelDistance(Pixels(), draws(100, 1), draws(120, 2))


def by_pairs(x, y):
    """The definition, pair by pair."""

    def kernel(a, b):
        return (a.double() @ b.double().T / a.shape[1] + 1) ** 3

    def others(a):
        return (kernel(a, a).sum() - kernel(a, a).diag().sum()) / (len(a) * (len(a) - 1))

    return (others(x) + others(y) - 2 * kernel(x, y).mean()).item()


def test_sums_give_what_all_pairs_give(metric):
    samples = 2 * draws(60, 0) + 0.5
    metric.update(batch(samples[:20]))
    metric.update(batch(samples[20:], start=20))
    values = metric.compute()
    assert values["kid_pixels"].item() == pytest.approx(by_pairs(samples, metric.reference[:60]), rel=1e-9)
    assert values["kid_pixels_floor"].item() == pytest.approx(
        by_pairs(metric.others[:60], metric.reference[:60]), rel=1e-9
    )


def test_torch_fidelity_gives_the_same_over_one_subset_of_all():
    x, y = 1.5 * draws(300, 0) + 0.2, draws(300, 1)
    theirs = kid_features_to_metric(x.double(), y.double(), kid_subsets=1, kid_subset_size=300, verbose=False)
    assert kernel_distance(kernel_sums(x), kernel_sums(y)) == pytest.approx(
        theirs["kernel_inception_distance_mean"], rel=1e-6
    )


def test_perfect_samples_have_none_on_average():
    found = [kernel_distance(kernel_sums(draws(50, seed)), kernel_sums(draws(50, seed + 999))) for seed in range(200)]
    mean, error = torch.tensor(found).mean().item(), torch.tensor(found).std().item() / math.sqrt(200)
    assert abs(mean) < 4 * error


def test_nothing_to_measure(metric):
    assert math.isnan(metric.compute()["kid_pixels"])
    metric.update(batch(draws(1, 0)))
    assert math.isnan(metric.compute()["kid_pixels"])


def test_contract(metric):
    check_generation_metric(metric, [batch(draws(40, 0)), batch(draws(40, 3), start=40)])


def test_features_that_do_not_fit():
    with pytest.raises(ConfigurationError, match=r"KernelDistance: expected features .* of at least two data each"):
        KernelDistance(Pixels(), draws(100, 0), draws(1, 0))
    with pytest.raises(ConfigurationError, match="at most 256 features, got 300; `modeinterp fidelity` takes more"):
        KernelDistance(Pixels(), torch.rand(9, 300), torch.rand(9, 300))
