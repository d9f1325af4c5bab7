"""Spreads over those of the exact score, which is asked for its samples."""

import math
from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.data.gaussian import ExactMixture, ExactSpread, GaussianMixture, GaussianModes
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.testing import made_up_subject

MEANS, WEIGHTS, EXACT = [[-1.0], [1.0]], [0.5, 0.5], ExactMixture((1,), [-1.0, 1.0], 0.05)


def subject_with(values, results):
    """Whose exact score draws these values."""

    def draw_from(predict_x_0, num_blocks):
        assert predict_x_0 is EXACT
        assert num_blocks == 4
        samples = torch.tensor(values).unsqueeze(1)
        verdict = GaussianModes(GaussianMixture(MEANS, 0.05)).judge(samples)
        return GeneratedBatch(torch.arange(len(values)), samples, {}, 2, verdict)

    return replace(made_up_subject((1,)), exact=EXACT, draw_from=draw_from, results=results)


def test_the_spread_is_pooled_over_modes():
    values = ExactSpread(MEANS, WEIGHTS).measure(subject_with([0.98, 1.02, -0.96, -1.04], {"within_mode_std": 0.1}))
    pooled = math.sqrt((2 * 0.02**2 + 2 * 0.04**2) / 4)
    assert values == pytest.approx({"within_mode_std_exact": pooled, "within_mode_std_ratio": 0.1 / pooled}, rel=1e-5)


def test_a_sample_a_mode_has_no_spread():
    values = ExactSpread(MEANS, WEIGHTS).measure(subject_with([0.98, -0.96], {"within_mode_std": 0.1}))
    assert not values["within_mode_std_exact"] > 0
    assert math.isnan(values["within_mode_std_ratio"])


def test_without_a_spread_or_an_exact_score_nothing_is_drawn():
    probe = ExactSpread(MEANS, WEIGHTS)
    assert probe.measure(subject_with([1.0], {"hallucination_rate": 0.1})) == {}
    assert probe.measure(made_up_subject((1,))) == {}
