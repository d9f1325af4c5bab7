"""Spreads over those of the exact score, which is asked for its samples."""

import math
from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.data.gaussian import ExactSpread, GaussianMixture, GaussianModes
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.generation import Generation
from lightning_modeinterp.testing import made_up_subject

MEANS, WEIGHTS, NUM_STEPS = [[-1.0], [1.0]], [0.5, 0.5], 10


def subject_with(values, results, num_blocks=1, asked=None):
    """Whose exact score has these samples in each block, whatever it is shown; notes whenever it is asked."""
    samples, asked = torch.tensor(values).unsqueeze(1), [] if asked is None else asked

    def exact(x_t, level):
        asked.append(level)
        return samples

    size = len(values)
    generation = Generation(AncestralSampler(NUM_STEPS), num_samples=num_blocks * size, block_size=size)
    oracle = GaussianModes(GaussianMixture(MEANS, 0.05))
    drawing = replace(made_up_subject((1,)).drawing, generation=generation, oracle=oracle)
    return replace(made_up_subject((1,)), exact=exact, drawing=drawing, results=results)


@pytest.mark.parametrize(("num_blocks", "num_drawn"), [(3, 3), (9, 4)])
def test_the_exact_score_draws_four_blocks_at_most(num_blocks, num_drawn):
    asked = []
    ExactSpread(MEANS, WEIGHTS).measure(subject_with([0.98, -1.0], {"within_mode_std": 0.1}, num_blocks, asked))
    assert len(asked) == num_drawn * NUM_STEPS


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
