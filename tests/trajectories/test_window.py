import math

import pytest

from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, LinearGammaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.trajectories import Window


@pytest.fixture
def whole_levels():
    """Noise over signal of 2^0, 2^1 .. 2^9, exact but for rounding; noisiest first."""
    schedule = LinearGammaSchedule(0.0, 18 * math.log(2), num_steps=10)
    return AncestralSampler().levels(schedule)


def test_last_steps_and_ranges_count_the_steps_left(levels):
    assert Window(last_steps=10).steps_left(levels) == range(10)
    assert Window(last_steps=200).steps_left(levels) == range(200)
    assert Window(steps=(0, 9)).steps_left(levels) == range(10)
    assert Window(steps=(197, 199)).steps_left(levels) == range(197, 200)


def test_noise_levels_are_counted_from_the_clean_end(whole_levels):
    assert Window(noise_to_signal=(3.0, 50.0)).steps_left(whole_levels) == range(2, 6)  # 4, 8, 16, 32
    assert Window(noise_to_signal=(0.0, 1e9)).steps_left(whole_levels) == range(10)


def test_both_noise_levels_are_inclusive(whole_levels):
    noise = whole_levels.noise_to_signal.flip(0).tolist()
    assert Window(noise_to_signal=(noise[2], noise[5])).steps_left(whole_levels) == range(2, 6)
    inner = (math.nextafter(noise[2], math.inf), math.nextafter(noise[5], 0))
    with pytest.raises(ConfigurationError, match="at least 3 of the sampler's steps, got 2"):
        Window(noise_to_signal=inner).steps_left(whole_levels)


def test_a_window_of_noise_levels_is_the_same_on_other_steps_and_schedules():
    window = Window(noise_to_signal=(0.1, 0.4))
    for schedule, num_steps in [(LinearBetaSchedule(), 1000), (LinearBetaSchedule(), 250), (LinearGammaSchedule(), 99)]:
        levels = AncestralSampler(num_steps).levels(schedule)
        steps = window.steps_left(levels)
        noise = levels.noise_to_signal.flip(0)
        assert [i for i in range(num_steps) if 0.1 <= noise[i] <= 0.4] == list(steps)


def test_the_papers_last_ten_steps_as_noise_levels():
    levels = AncestralSampler().levels(LinearBetaSchedule(1000, 0.001, 0.2))
    assert Window(noise_to_signal=(0.0316, 0.1385)).steps_left(levels) == range(10)


@pytest.mark.parametrize(
    "window",
    [{"last_steps": 201}, {"steps": (190, 200)}, {"steps": (-1, 5)}],
    ids=str,
)
def test_refuses_steps_that_the_sampler_does_not_take(levels, window):
    with pytest.raises(ConfigurationError, match=r"expected steps within 0\.\.199"):
        Window(**window).steps_left(levels)


@pytest.mark.parametrize(
    "window",
    [{"last_steps": 2}, {"last_steps": 0}, {"last_steps": -1}, {"steps": (4, 5)}, {"steps": (9, 0)}],
    ids=str,
)
def test_refuses_fewer_than_three_steps(levels, window):
    with pytest.raises(ConfigurationError, match="at least 3 of the sampler's steps"):
        Window(**window).steps_left(levels)


@pytest.mark.parametrize("ends", [(1e6, 2e6), (0.0, 1e-6), (0.4, 0.1)])
def test_refuses_noise_levels_where_the_sampler_has_none(levels, ends):
    with pytest.raises(ConfigurationError, match="expected noise levels within the sampler's"):
        Window(noise_to_signal=ends).steps_left(levels)


@pytest.mark.parametrize(
    "given", [{}, {"last_steps": 5, "steps": (0, 4)}, {"steps": (0, 4), "noise_to_signal": (0, 1)}]
)
def test_refuses_none_and_two_ways(given):
    with pytest.raises(ConfigurationError, match="exactly one of last_steps, steps and noise_to_signal"):
        Window(**given)
