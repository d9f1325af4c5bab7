"""What the pairs of any rule share: levels, errors, and when a model knows the rule."""

from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.data.images import ImagePairs, RuleProbe, mean_over
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.testing import made_up_subject


class NoBrightCorner(RuleProbe):
    """How bright a corner stays that is bright on forbidden images alone."""

    name = "corner"
    without_rule = 1.0

    def draw_pairs(self, generator):
        allowed = torch.zeros(self.num_pairs, 1, 4, 4, dtype=torch.uint8)
        forbidden = allowed.clone()
        forbidden[:, :, 0, 0] = 255
        return ImagePairs(allowed, forbidden, forbidden > 0)

    def compare(self, allowed, forbidden, pairs):
        return mean_over(forbidden - allowed, pairs.looked_at) / 2


def subject_of(share, exact_share):
    """A model that keeps a share of what it sees beyond black, and an exact one that keeps another."""

    def keeps(share):
        return lambda x_t, level: share * (x_t / level.alpha)

    return replace(made_up_subject(), predict_x_0=keeps(share), exact=exact_share and keeps(exact_share))


def test_both_images_get_the_same_noise_at_every_level():
    values = NoBrightCorner(40).measure(subject_of(0.7, 0.1))
    for level in ("0.25", "0.5", "1", "2", "3", "4"):
        assert values[f"corner/{level}"] == pytest.approx(0.7, abs=1e-5)
        assert values[f"corner/{level}_error"] < 1e-5
        assert values[f"corner/{level}_exact"] == pytest.approx(0.1, abs=1e-5)


def test_levels_that_the_schedule_does_not_reach_are_left_out():
    subject = subject_of(0.7, 0.1)
    short = LinearBetaSchedule(10, beta_start=0.3, beta_end=0.9)
    subject = replace(subject, drawing=replace(subject.drawing, schedule=short))
    assert {name.partition("_")[0] for name in NoBrightCorner(4).measure(subject)} == {
        f"corner/{level}" for level in ("1", "2", "3", "4")
    }


def test_no_exact_one_is_no_error():
    values = NoBrightCorner(4).measure(subject_of(0.7, None))
    assert not any(name.endswith("_exact") for name in values)
    assert not NoBrightCorner().knows_the_rule(values)


@pytest.mark.parametrize(("share", "knows"), [(0.5, True), (0.6, False), (1.0, False)])
def test_half_way_to_the_exact_one_is_asked_for(share, knows):
    assert NoBrightCorner().knows_the_rule(NoBrightCorner(8).measure(subject_of(share, 0.1))) is knows


def test_the_mean_is_over_the_pixels_of_each_image():
    values = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]])
    chosen = torch.tensor([[[[True, False], [False, True]]], [[[False, True], [False, False]]]])
    assert mean_over(values, chosen).tolist() == [2.5, 6.0]
