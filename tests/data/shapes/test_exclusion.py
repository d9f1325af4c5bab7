"""What a model leaves of a shape beside its double: one that knows the rule, one that does not, and any other."""

import pytest
import torch

from lightning_modeinterp.data.shapes import ExactShapes, Exclusion, SimpleShapes
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule

PROBE = Exclusion(SimpleShapes(32, 20.0), num_pairs=60)


def lost(predict_x_0, noise):
    return PROBE.of_each(PROBE.pairs(), predict_x_0, LinearBetaSchedule(), noise)


def test_the_exact_denoiser_leaves_one_of_the_two_half_the_time():
    of_each = lost(ExactShapes((1, 32, 32), 20.0), 0.3)
    assert ((of_each < 0.05) | (of_each > 0.95)).double().mean() > 0.9
    assert of_each.mean().item() == pytest.approx(0.5, abs=0.2)


def test_in_much_noise_there_is_nothing_to_be_known():
    assert lost(ExactShapes((1, 32, 32), 20.0), 50.0).abs().max() < 1e-3


def test_a_model_that_sees_each_shape_alone_loses_nothing():
    """The noise on the shape is the same on both images."""
    assert lost(lambda x_t, level: x_t / level.alpha, 1.0).abs().max() < 1e-6


def test_brightness_is_the_mean_over_the_pixels_of_the_shape_from_black_to_white():
    seen = []

    def predict_x_0(x_t, level):
        seen.append(x_t)
        value = 0.5 if sum(map(len, seen)) <= 60 else -0.5  # allowed ones come first
        return torch.full_like(x_t, value)

    torch.testing.assert_close(lost(predict_x_0, 1.0), torch.full((60,), 0.5, dtype=torch.float64))
    assert torch.cat(seen).shape == (120, 1, 32, 32)


def measured(at_1, at_2, at_4, error=0.01, exact=0.4):
    lost_at = {"exclusion/1": at_1, "exclusion/2": at_2, "exclusion/4": at_4}
    errors = {f"{name}_error": error for name in lost_at}
    return lost_at | errors | {f"{name}_exact": exact for name in lost_at}


@pytest.mark.parametrize(
    ("values", "passes"),
    [
        (measured(0.0, 0.23, 0.23), True),  # with little noise it may know nothing
        (measured(0.4, 0.23, 0.21), False),  # closer to half at one level than two standard errors tell
        (measured(0.4, 0.23, 0.21, error=0.004), True),
        (measured(0.4, 0.23, 0.1), False),
        ({}, False),
    ],
)
def test_a_model_passes_that_is_closer_to_the_rule_than_to_none_wherever_it_is_open(values, passes):
    assert PROBE.knows_the_rule(values) is passes
