import pytest
import torch

from lightning_modeinterp.keyed_noise import BatchNoise, keyed_generator


def draw(seed=0, purpose="samples/predict", index=0):
    return torch.randn(16, generator=keyed_generator(seed, purpose, index))


def test_the_same_key_gives_the_same_numbers_whatever_was_drawn_before():
    expected = draw(3, "training", 17)
    torch.manual_seed(99)
    draw(4)
    torch.rand(5)
    assert torch.equal(draw(3, "training", 17), expected)


@pytest.mark.parametrize(
    "other",
    [{"seed": 1}, {"seed": -1}, {"index": 1}, {"purpose": "samples/test"}, {"purpose": "training"}],
    ids=str,
)
def test_another_key_gives_other_numbers(other):
    assert not torch.isclose(draw(**other), draw()).any()


def test_seeds_that_agree_in_their_low_32_bits_differ():
    assert not torch.isclose(draw(seed=7), draw(seed=7 + 2**32)).any()


@pytest.mark.parametrize("purpose", ["training", "samples/predict", "order"])
def test_no_two_indices_of_a_purpose_share_a_seed(purpose):
    seeds = {keyed_generator(0, purpose, index).initial_seed() for index in range(100_000)}
    assert len(seeds) == 100_000
    assert max(seeds) < 2**32  # all that a CPU generator uses


def test_neighbouring_indices_are_not_correlated():
    draws = torch.stack([torch.randn(2000, generator=keyed_generator(0, "training", i)) for i in range(20)])
    correlation = torch.corrcoef(draws) - torch.eye(20)
    assert correlation.abs().max() < 5 / 2000**0.5


def test_drawing_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    draw()
    assert torch.equal(torch.get_rng_state(), before)


def times_of(index, is_antithetic, num_samples=64, rank=0, world_size=1, num_own=None, dtype=torch.float32):
    noise = BatchNoise(keyed_generator(0, "training", index), num_samples, rank, world_size)
    own = num_samples // world_size if num_own is None else num_own
    return noise.times(torch.empty(own, 2, dtype=dtype), is_antithetic)


@pytest.mark.parametrize("is_antithetic", [True, False])
def test_each_time_is_uniform(is_antithetic):
    times = torch.stack([times_of(i, is_antithetic, 16) for i in range(4000)])
    assert ((times >= 0) & (times < 1)).all()
    for place in (0, 7):  # Kolmogorov-Smirnov at 1e-3
        deviation = (times[:, place].sort().values - (torch.arange(4000) + 0.5) / 4000).abs().max()
        assert deviation < 1.95 / 4000**0.5


def test_antithetic_times_are_spread_evenly():
    times = times_of(3, True).sort().values
    torch.testing.assert_close(times.diff(), torch.full((63,), 1 / 64), rtol=0, atol=1e-6)
    assert not torch.allclose(times_of(3, False).sort().values.diff(), torch.full((63,), 1 / 64), atol=1e-3)
    spread = [torch.stack([times_of(i, each).square().mean() for i in range(200)]).std() for each in (True, False)]
    assert spread[0] < 0.3 * spread[1]


def test_the_order_of_antithetic_times_says_nothing():
    correlation = torch.corrcoef(torch.stack([times_of(5, True, 4096), torch.arange(4096.0)]))[0, 1]
    assert abs(correlation) < 4 / 4096**0.5
    first_quarter = times_of(5, True, 4096, num_own=1024)  # a last batch that is not full
    assert abs(first_quarter.mean() - 0.5) < 4 * (1 / 12 / 1024) ** 0.5


@pytest.mark.parametrize("is_antithetic", [True, False])
def test_any_number_of_processes_sees_the_same_times(is_antithetic):
    whole = times_of(1, is_antithetic)
    for rank in range(4):
        assert torch.equal(times_of(1, is_antithetic, rank=rank, world_size=4), whole[rank::4])


def test_times_are_never_of_half_precision():
    assert times_of(0, True, dtype=torch.bfloat16).dtype == torch.float32
    assert times_of(0, False, dtype=torch.float64).dtype == torch.float64
