import pytest
import torch
from sklearn.metrics import roc_auc_score

from lightning_modeinterp.metrics.functional import (
    auroc_from_counts,
    count_bins,
    score_bin_edges,
    score_bins,
    variance_bin_edges,
)
from lightning_modeinterp.metrics.functional.score_bins import NUM_SCORE_BINS


def test_edges_are_those_of_variances_and_their_mirror_image():
    edges = score_bin_edges()
    middle = NUM_SCORE_BINS // 2
    assert edges.shape == (NUM_SCORE_BINS,)
    assert (edges.diff() > 0).all()
    assert edges[middle - 1] == 0
    assert torch.equal(edges[middle:], variance_bin_edges())
    assert torch.equal(edges[: middle - 1], -variance_bin_edges()[:-1].flip(0))


def test_a_bin_holds_its_upper_edge():
    edges = score_bin_edges()
    assert torch.equal(score_bins(edges), torch.arange(NUM_SCORE_BINS))
    just_above = torch.nextafter(edges[:-1], torch.tensor(torch.inf))
    assert torch.equal(score_bins(just_above), torch.arange(1, NUM_SCORE_BINS))


def test_order_is_kept_and_divergence_highest():
    scores = torch.tensor([-torch.inf, -1e15, -300.0, -1e-3, 0.0, 1e-3, 300.0, 1e15, torch.inf, torch.nan])
    bins = score_bins(scores)
    assert (bins.diff() >= 0).all()
    assert bins[0] == bins[1] == 0
    assert (bins[2:7].diff() > 0).all()
    assert bins[-3:].tolist() == [NUM_SCORE_BINS - 1] * 3


@pytest.mark.parametrize("shift", [-300.0, -3.0, 0.0, 3.0, 300.0])
@pytest.mark.parametrize("separation", [0.0, 1.0, 3.0])
def test_binned_auroc_of_scores_of_either_sign_is_within_a_thousandth(shift, separation):
    """Spread of a tenth of the shift, as a divergence has about its value on a mode; or about zero."""
    generator = torch.Generator().manual_seed(0)
    is_hallucinated = torch.arange(20_300) >= 20_000
    spread = max(abs(shift) / 10, 1.0)
    scores = shift + spread * (torch.randn(20_300, generator=generator) + separation * is_hallucinated)
    in_support, hallucinated = count_bins(score_bins(scores[:, None]), is_hallucinated.long(), 2, NUM_SCORE_BINS)[0]
    exact = roc_auc_score(is_hallucinated.numpy(), scores.numpy())
    assert auroc_from_counts(in_support, hallucinated).item() == pytest.approx(exact, abs=1e-3)
