import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import HallucinationDetection
from lightning_modeinterp.metrics.functional import wilson_interval
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict

SCORES = ("variance/last", "variance/wide")
LAST, WIDE = SCORES


def detect(batches, scores=(), **arguments):
    metric = HallucinationDetection((*SCORES, *scores), LAST, **arguments)
    for batch in batches:
        metric.update(batch)
    return metric


def tiny_batch(variance, kind, block_size):
    """One window's scores by hand."""
    verdict = SupportVerdict(
        torch.tensor(kind, dtype=torch.int8), torch.zeros(len(kind)).long(), ("in_support", "ambiguous", "invalid")
    )
    scores = {"w": torch.tensor(variance)}
    return GeneratedBatch(torch.arange(len(kind)), torch.zeros(len(kind), 1), scores, block_size, verdict)


def sklearn_auroc(batches, name):
    kind = torch.cat([batch.verdict.kind for batch in batches])
    scores = torch.cat([batch.scores[name] for batch in batches])
    return roc_auc_score((kind[kind != 1] >= 2).numpy(), scores[kind != 1].numpy())


@pytest.fixture
def batches(make_generated):
    return [make_generated(500, start=start) for start in range(0, 3000, 500)]


@pytest.mark.filterwarnings("ignore:detection/w/auroc")  # eight samples leave few bins
@pytest.mark.parametrize("exact_up_to", [20_000, 0], ids=["exact", "binned"])
def test_tiny_example_by_hand(exact_up_to):
    # Even block: in support 1, 2, 3, 4, hallucinated 9. Odd block: in support 1, 3, 5, hallucinated 2 and 6;
    # keeping 3/4 of 1, 2, 3, 4 sets the threshold to 3, which keeps 2 of 3 and removes 1 of 2.
    batch = tiny_batch([1.0, 2.0, 3.0, 4.0, 9.0, 1.0, 3.0, 5.0, 2.0, 6.0], [0, 0, 0, 0, 2, 0, 0, 0, 2, 2], 5)
    metric = HallucinationDetection(["w"], "w", retained=0.75, exact_up_to=exact_up_to)
    metric.update(batch)
    values = {name.removeprefix("detection/"): value.item() for name, value in metric.compute().items()}
    assert values["threshold"] == pytest.approx(3.0, rel=0 if exact_up_to else 0.011)
    assert values["threshold"] >= 3.0
    assert values["retained"] == pytest.approx(2 / 3)
    assert (values["retained_low"], values["retained_high"]) == wilson_interval(2, 3)
    assert values["removed_at_75_retained"] == values["w/removed_at_75_retained"] == 0.5
    assert (values["num_in_support"], values["num_hallucinated"], values["num_calibration"]) == (3, 2, 4)
    # Pairs won: 9 beats all 7, 6 beats all 7, 2 beats the two ones and ties with the two.
    assert values["auroc"] == values["w/auroc"] == pytest.approx((7 + 7 + 2.5) / 21)


def test_key_names(batches):
    names = {f"detection/{window}/{name}" for window in SCORES for name in ("auroc", "removed_at_96_retained")}
    rates = ("auroc", "retained", "removed_at_96_retained")
    names |= {f"detection/{rate}{end}" for rate in rates for end in ("", "_low", "_high")}
    names |= {f"detection/{name}" for name in ("threshold", "num_in_support", "num_hallucinated", "num_calibration")}
    assert detect(batches).compute().keys() == names


def test_exact_auroc_equals_sklearn(batches):
    values = detect(batches).compute()
    for name in SCORES:
        assert values[f"detection/{name}/auroc"].item() == pytest.approx(sklearn_auroc(batches, name), abs=1e-12)
    assert values["detection/auroc_low"] < values["detection/auroc"] < values["detection/auroc_high"]


def test_binned_results_are_close_to_exact_ones(batches):
    exact, binned = detect(batches).compute(), detect(batches, exact_up_to=0).compute()
    assert binned["detection/auroc"].item() == pytest.approx(sklearn_auroc(batches, LAST), abs=1e-3)
    assert binned["detection/threshold"] / exact["detection/threshold"] == pytest.approx(1, abs=0.011)
    assert binned["detection/retained"].item() == pytest.approx(exact["detection/retained"].item(), abs=0.01)


@pytest.mark.parametrize("exact_up_to", [20_000, 0], ids=["exact", "binned"])
def test_a_further_score_of_either_sign_is_judged_as_a_window_is(batches, exact_up_to):
    values = detect(batches, exact_up_to=exact_up_to, scores=("signed",)).compute()
    assert min(batch.scores["signed"].min() for batch in batches) < 0
    exact = sklearn_auroc(batches, "signed")
    assert values["detection/signed/auroc"].item() == pytest.approx(exact, abs=1e-3 if exact_up_to == 0 else 1e-12)
    kind, score, block = (
        torch.cat(parts).numpy()
        for parts in zip(*((b.verdict.kind, b.scores["signed"], b.block) for b in batches), strict=True)
    )
    is_odd = block % 2 == 1
    calibration = np.sort(score[~is_odd & (kind == 0)])
    threshold = calibration[int(np.ceil(0.96 * len(calibration))) - 1]
    removed = (score[is_odd & (kind >= 2)] > threshold).mean()
    tolerance = 0.01 if exact_up_to == 0 else 1e-12
    assert values["detection/signed/removed_at_96_retained"].item() == pytest.approx(removed, abs=tolerance)


@pytest.mark.parametrize("exact_up_to", [20_000, 0], ids=["exact", "binned"])
def test_a_further_score_changes_nothing_about_the_windows(batches, exact_up_to):
    alone = detect(batches, exact_up_to=exact_up_to).compute()
    beside = detect(batches, exact_up_to=exact_up_to, scores=("signed",))
    added = {f"detection/signed/{name}" for name in ("auroc", "removed_at_96_retained")}
    assert {name: value for name, value in beside.compute().items() if name not in added} == alone
    assert beside.compute().keys() - alone.keys() == added
    assert beside.curves().keys() == {*SCORES, "signed"}


def test_even_blocks_calibrate_and_odd_blocks_report(batches):
    values = detect(batches).compute()
    kind, variance, block = (
        torch.cat(parts).numpy()
        for parts in zip(*((b.verdict.kind, b.scores[LAST], b.block) for b in batches), strict=True)
    )
    is_odd = block % 2 == 1
    calibration = np.sort(variance[~is_odd & (kind == 0)])
    threshold = calibration[int(np.ceil(0.96 * len(calibration))) - 1]
    assert values["detection/threshold"].item() == threshold
    assert values["detection/retained"].item() == (variance[is_odd & (kind == 0)] <= threshold).mean()
    assert values["detection/removed_at_96_retained"].item() == (variance[is_odd & (kind >= 2)] > threshold).mean()
    assert values["detection/num_calibration"] == len(calibration)


def test_kept_scores_are_dropped_for_good_and_the_state_stops_growing(batches):
    metric = detect([], exact_up_to=1200)
    sizes = []
    for batch in [*batches, *batches]:
        metric.update(batch)
        sizes.append(sum(part.numel() for part in metric.raw))
    assert sizes[0] < sizes[1]  # two batches fit
    assert sizes[2:] == [0] * 10
    assert metric.bin_counts.shape == metric._defaults["bin_counts"].shape
    metric.reset()
    metric.update(batches[0])
    assert len(metric.raw) == 1


def test_forward_drops_kept_scores_too(batches):
    metric = detect([], exact_up_to=1200)
    for batch in batches:
        metric(batch)
    assert metric.raw == []
    assert metric.compute() == detect(batches, exact_up_to=0).compute()


def test_scores_kept_by_one_process_alone_are_not_taken_for_all(batches):
    small, large = detect(batches[:1], exact_up_to=1200), detect(batches[1:], exact_up_to=1200)
    small.merge_state(large)
    assert small.compute() == detect(batches, exact_up_to=0).compute()


def test_one_block_cannot_both_set_and_judge_a_threshold(make_generated):
    values = detect([make_generated(100, block_size=100)]).compute()
    assert values["detection/retained"].isnan()
    assert values["detection/removed_at_96_retained"].isnan()
    assert not values["detection/auroc"].isnan()
    odd = detect([make_generated(100, start=100, block_size=100)]).compute()
    assert odd["detection/threshold"].isnan()
    assert odd["detection/num_in_support"] > 0


@pytest.mark.parametrize("exact_up_to", [20_000, 0], ids=["exact", "binned"])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_an_empty_class_gives_nan(make_generated, kind, exact_up_to):
    batch = make_generated()
    verdict = replace(batch.verdict, kind=torch.full_like(batch.verdict.kind, kind))
    metric = detect([replace(batch, verdict=verdict)], exact_up_to=exact_up_to)
    values = metric.compute()
    assert values["detection/auroc"].isnan()
    assert values["detection/removed_at_96_retained"].isnan()
    assert values["detection/retained"].isnan() == (kind != 0)
    assert len(metric.curves()) == 2


def test_ambiguous_samples_are_left_out(make_generated):
    batch = make_generated()
    is_ambiguous = batch.verdict.kind == 1
    wild = {name: torch.where(is_ambiguous, 1e6, values) for name, values in batch.scores.items()}
    assert detect([replace(batch, scores=wild)]).compute() == detect([batch]).compute()


def test_a_score_that_is_no_number_is_as_suspicious_as_can_be(make_generated):
    batch = make_generated()
    is_unknown = batch.verdict.hallucinated
    results = []
    for exact_up_to in (20_000, 0):
        wild = {name: torch.where(is_unknown, torch.nan, values) for name, values in batch.scores.items()}
        results.append(detect([replace(batch, scores=wild)], exact_up_to=exact_up_to).compute())
    assert [values["detection/auroc"].item() for values in results] == [1.0, 1.0]
    assert [values["detection/removed_at_96_retained"].item() for values in results] == [1.0, 1.0]


def test_curves_have_the_reported_area(batches):
    metric = detect(batches)
    values = metric.compute()
    for window, (false_positive, true_positive) in metric.curves().items():
        area = np.trapezoid(true_positive.numpy(), false_positive.numpy())
        assert area == pytest.approx(values[f"detection/{window}/auroc"].item(), abs=1e-12)


@pytest.mark.filterwarnings("ignore:detection/")
@pytest.mark.parametrize("num_first", [1, 3, 6])
@pytest.mark.parametrize("exact_up_to", [2_000, 3_000])
def test_bunched_scores_give_the_same_with_any_number_of_processes(batches, num_first, exact_up_to):
    """All in one bin, where each process alone could have kept its scores."""
    bunched = [
        replace(batch, scores={name: 5 + 1e-4 * values.log10().clamp(-6, 0) for name, values in batch.scores.items()})
        for batch in (replace(each, scores={name: each.scores[name] for name in SCORES}) for each in batches)
    ]
    first, second = (detect(part, exact_up_to=exact_up_to) for part in (bunched[:num_first], bunched[num_first:]))
    first.merge_state(second)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        values = first.compute()
    assert values == detect(bunched, exact_up_to=exact_up_to).compute()
    assert any("it may be off by" in str(each.message) for each in warned) is (exact_up_to == 2_000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": SCORES, "main": "first"}, "'first' among them"),
        ({"scores": (LAST, LAST), "main": LAST}, "distinct scores"),
        ({"scores": SCORES, "main": LAST, "retained": 96}, "`retained` in"),
        ({"scores": SCORES, "main": LAST, "exact_up_to": -1}, "`exact_up_to` of at least 0"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        HallucinationDetection(**arguments)


def test_a_batch_without_the_score_is_refused(make_generated):
    with pytest.raises(ConfigurationError, match="expected one of variance/last, variance/wide, signed, got path"):
        detect([make_generated()], scores=("path",))
