import pytest
import torch

from lightning_modeinterp.data.hands import FingerCount, HandArea, HandsDataModule
from lightning_modeinterp.data.hands.bank import held, light
from lightning_modeinterp.data.hands.renderer import coverage, render, signed_distance
from lightning_modeinterp.data.hands.skeleton import skeleton
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import SupportRates


def test_units_go_both_ways():
    data = HandsDataModule(32, size=20, batch_size=5)
    images = data.make_dataset("train")[torch.arange(20)]
    assert images.min() >= -1
    assert images.max() <= 1
    torch.testing.assert_close(data.to_model_units(data.to_data_units(images)), images)
    assert torch.equal(data.to_data_units(images).round().byte(), data.make_dataset("train").images)


def test_splits_and_seeds_differ():
    data, other = HandsDataModule(32, size=20, batch_size=5), HandsDataModule(32, size=20, batch_size=5, seed=1)
    train = data.make_dataset("train").images
    assert torch.equal(train, data.make_dataset("train").images)
    for each in (data.make_dataset("test"), other.make_dataset("train")):
        assert not torch.equal(train, each.images[:20])


def test_the_data_are_in_support_and_judged_by_rates():
    data = HandsDataModule(64, num_channels=3, size=40, batch_size=5)
    assert isinstance(data.support, FingerCount)
    assert data.support.judge(data.make_dataset("train").images.float()).in_support.all()
    assert type(data.metrics()[0]) is SupportRates
    assert data.sample_shape == (3, 64, 64)


def test_area_is_that_of_the_hand():
    turn = torch.tensor([0.0, 0.2])
    poses = held(turn, torch.ones(2), torch.full((2,), 0.13), torch.zeros(2, 2))
    capsules = skeleton(poses, 64)
    images = render(capsules, light(2), 64).float() / 127.5 - 1
    expected = coverage(signed_distance(capsules, 64)).double().mean((1, 2))
    torch.testing.assert_close(HandArea().score(images, None, None), expected, rtol=0.06, atol=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_size": 20}, "image_size >= 24"),
        ({"batch_size": 50_000}, "batch_size from 1 to"),
        ({"size": 0}, "sizes"),
    ],
    ids=str,
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        HandsDataModule(**settings)
