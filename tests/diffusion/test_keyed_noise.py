import pytest
import torch

from lightning_modeinterp.diffusion.keyed_noise import keyed_generator


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
