import pytest
import torch
from sklearn.metrics import roc_auc_score

from lightning_modeinterp.metrics.functional import (
    auroc_from_counts,
    count_bins,
    variance_bin_edges,
    variance_bins,
)
from lightning_modeinterp.metrics.functional.variance_bins import NUM_BINS


def test_edges_rise_evenly_in_log_and_end_at_infinity():
    edges = variance_bin_edges()
    assert edges.shape == (NUM_BINS,)
    steps = edges[:-1].double().log10().diff()
    torch.testing.assert_close(steps, torch.full_like(steps, 36 / (NUM_BINS - 2)), atol=1e-6, rtol=0)
    assert edges[0].item() == pytest.approx(1e-24)
    assert edges[-2].item() == pytest.approx(1e12)
    assert edges[-1].isposinf()


def test_a_bin_holds_its_upper_edge():
    edges = variance_bin_edges()
    assert torch.equal(variance_bins(edges), torch.arange(NUM_BINS))
    just_above = torch.nextafter(edges[:-1], torch.tensor(torch.inf))
    assert torch.equal(variance_bins(just_above), torch.arange(1, NUM_BINS))


def test_zero_is_lowest_and_divergence_highest():
    values = torch.tensor([0.0, -1e-12, 1e-30, 1e13, torch.inf, torch.nan])
    assert variance_bins(values).tolist() == [0, 0, 0, NUM_BINS - 1, NUM_BINS - 1, NUM_BINS - 1]


def test_counts_equal_a_loop():
    generator = torch.Generator().manual_seed(0)
    bins = torch.randint(7, (60, 2), generator=generator)
    group = torch.randint(3, (60,), generator=generator)
    expected = torch.zeros(2, 3, 7, dtype=torch.int64)
    for row, which in zip(bins, group, strict=True):
        for column, index in enumerate(row):
            expected[column, which, index] += 1
    assert torch.equal(count_bins(bins, group, 3, 7), expected)
    assert count_bins(bins[:0], group[:0], 4, 7).shape == (2, 4, 7)
    assert count_bins(bins[:, :0], group, 4, 7).shape == (0, 4, 7)


@pytest.mark.parametrize("separation", [0.0, 0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize(("num_in_support", "num_hallucinated"), [(20_000, 300), (60_000, 20_000)])
@pytest.mark.parametrize("spread", [0.05, 0.5])
def test_binned_auroc_is_within_a_thousandth(separation, num_in_support, num_hallucinated, spread):
    generator = torch.Generator().manual_seed(0)
    is_hallucinated = torch.arange(num_in_support + num_hallucinated) >= num_in_support
    log_variance = torch.randn(len(is_hallucinated), generator=generator) + separation * is_hallucinated
    variance = 10 ** (spread * log_variance - 4)
    in_support, hallucinated = count_bins(variance_bins(variance[:, None]), is_hallucinated.long(), 2, NUM_BINS)[0]
    exact = roc_auc_score(is_hallucinated.numpy(), variance.numpy())
    assert auroc_from_counts(in_support, hallucinated).item() == pytest.approx(exact, abs=1e-3)
