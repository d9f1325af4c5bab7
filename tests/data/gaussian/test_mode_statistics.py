from dataclasses import replace

import numpy as np
import pytest
import torch

from lightning_modeinterp.data.gaussian import ModeStatistics
from lightning_modeinterp.errors import ConfigurationError

MEANS = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]


def test_statistics_equal_numpy_over_all_samples(make_generated):
    batches = [make_generated(300), make_generated(100, start=300)]
    metric = ModeStatistics(torch.tensor(MEANS), weights=[2.0, 1.0, 1.0], chance_share=0.4)
    for batch in batches:
        metric.update(batch)
    kind, mode = (torch.cat([getattr(b.verdict, name) for b in batches]).numpy() for name in ("kind", "mode"))
    samples = torch.cat([b.samples for b in batches]).double().numpy()[kind == 0]
    mode = mode[kind == 0]
    counts = np.bincount(mode, minlength=3)
    squares = sum(((samples[mode == k] - samples[mode == k].mean(0)) ** 2).sum() for k in range(3))
    expected = {
        "mode_coverage": 1.0,
        "mode_weight_tv": np.abs(counts / counts.sum() - [0.5, 0.25, 0.25]).sum() / 2,
        "mode_weight_least": min(counts / counts.sum() / [0.5, 0.25, 0.25]),
        "within_mode_std": np.sqrt(squares / samples.size),
        "interpolation_enrichment": (kind == 2).sum() / (kind >= 2).sum() / 0.4,
    }
    assert {name: value.item() for name, value in metric.compute().items()} == pytest.approx(expected, rel=1e-10)


def test_enrichment_is_left_out_without_its_chance(make_generated):
    metric = ModeStatistics(MEANS, [1, 1, 1])
    metric.update(make_generated())
    assert "interpolation_enrichment" not in metric.compute()


def test_enrichment_is_nan_where_the_oracle_does_not_look_between_modes(make_generated):
    metric = ModeStatistics(MEANS, [1, 1, 1], interpolated_kind="between", chance_share=0.4)
    metric.update(make_generated())
    assert metric.compute()["interpolation_enrichment"].isnan()


def test_images_are_flattened(make_generated):
    batch = make_generated()
    metrics = ModeStatistics(MEANS, [1, 1, 1]), ModeStatistics(MEANS, [1, 1, 1])
    metrics[0].update(batch)
    metrics[1].update(replace(batch, samples=batch.samples.reshape(-1, 1, 1, 2)))
    assert metrics[0].compute() == metrics[1].compute()


def test_a_batch_with_nothing_in_support_adds_nothing(make_generated):
    batch = make_generated()
    metric = ModeStatistics(MEANS, [1, 1, 1])
    metric.update(replace(batch, verdict=replace(batch.verdict, kind=torch.full_like(batch.verdict.kind, 3))))
    values = metric.compute()
    assert values["mode_coverage"] == 0
    assert values["mode_weight_tv"].isnan()
    assert values["within_mode_std"].isnan()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"means": [1.0, 2.0], "weights": [0.5, 0.5]}, r"means of shape \(K, d\)"),
        ({"means": MEANS, "weights": [0.5, 0.5]}, r"weights of shape \(K,\)"),
        ({"means": MEANS, "weights": [1.0, 1.0, -1.0]}, "weights of at least 0"),
        ({"means": MEANS, "weights": [0.0, 0.0, 0.0]}, "not all 0"),
        ({"means": MEANS, "weights": [1, 1, 1], "chance_share": 41}, "`chance_share` in"),
    ],
)
def test_what_is_no_mixture_is_refused(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        ModeStatistics(**arguments)


@pytest.mark.parametrize("means", [MEANS[:2], [[0.0], [1.0], [2.0]]], ids=["too few modes", "other dimension"])
def test_samples_of_another_mixture_are_refused(make_generated, means):
    with pytest.raises(ConfigurationError, match="build the metric with the `means`"):
        ModeStatistics(means, [1] * len(means)).update(make_generated())
