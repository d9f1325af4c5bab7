"""On drawn hands of known fingers, upright or turned, and on images composed for each other kind."""

from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.data.hands import FingerCount, HandBank, Hands
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.sheets import image_key

ORACLE = FingerCount()
SAID = ("6", "malformed", "empty", "")
KINDS = {3: "missing", 4: "missing", 5: "in_support", 6: "extra", 7: "extra"}


def draw(size=64, fingers=5, number=24, seed=11, **settings):
    generator = torch.Generator().manual_seed(seed)
    return Hands(size, **settings).sample(number, generator, fingers).images.float()


def kinds_of(images, oracle=ORACLE):
    return [oracle.kinds[kind] for kind in oracle.judge(images).kind.tolist()]


@pytest.mark.parametrize("settings", [{}, {"width": (0.8, 1.2), "shade": (0.1, 0.6)}, {"num_channels": 3}], ids=str)
@pytest.mark.parametrize("fingers", KINDS)
@pytest.mark.parametrize("size", [32, 64])
def test_counts_fingers(size, fingers, settings):
    images = draw(size, fingers, **settings)
    verdict = ORACLE.judge(images)
    assert (verdict.details["fingers"] == fingers).all()
    assert kinds_of(images).count(KINDS[fingers]) >= 23


@pytest.mark.parametrize("fingers", [4, 5, 6])
def test_dark_hands_on_a_light_ground(fingers):
    images = draw(64, fingers, tone=(0.3, 0.6), background=(0.85, 1.0))
    assert (ORACLE.judge(images).details["fingers"] == fingers).all()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_hands_from_any_side(quarters):
    images = draw(fingers=5).rot90(quarters, (2, 3))
    assert kinds_of(images) == ["in_support"] * 24


def test_each_image_alone():
    images = torch.cat([draw(fingers=fingers, number=3) for fingers in (6, 5, 3)])
    together, alone = ORACLE.judge(images), [ORACLE.judge(image[None]) for image in images]
    assert torch.equal(together.kind, torch.cat([each.kind for each in alone]))


@pytest.mark.parametrize("shade", [0.0, 100.0, 255.0])
def test_nothing_is_empty(shade):
    assert kinds_of(torch.full((2, 1, 32, 32), shade)) == ["empty"] * 2


def test_a_hand_in_pieces_is_malformed():
    images = draw(number=10)
    images[:, :, 36:40] = images[:, :, :1, :1]  # through the palm
    assert kinds_of(images) == ["malformed"] * 10


def test_a_pierced_hand_is_malformed():
    images = draw(number=10)
    images[:, :, 36:41, 29:34] = images[:, :, :1, :1]
    assert kinds_of(images) == ["malformed"] * 10


def test_a_finger_that_is_half_there_is_malformed():
    """Half of its brightness is missing, so that it is hand by one threshold and ground by another."""
    bank = HandBank(64, num_turns=3, num_shifts=1)
    has_digit = bank.poses.has_digit.clone()
    has_digit[:, 1] = False
    five, four = (bank.draw(poses).float() for poses in (bank.poses, replace(bank.poses, has_digit=has_digit)))
    assert kinds_of(four) == ["missing"] * 12
    assert kinds_of((five + four) / 2) == ["malformed"] * 12


def test_what_is_no_number_is_malformed():
    images = draw(number=2)
    images[1, 0, 0, 0] = torch.nan
    assert kinds_of(images) == ["in_support", "malformed"]


def test_people_have_the_last_word(tmp_path):
    images = draw(number=4)
    keys = [image_key(image.byte().numpy()) for image in images]
    labels = tmp_path / "labels.csv"
    rows = "\n".join(f"{i},{key},{said}" for i, (key, said) in enumerate(zip(keys, SAID, strict=True)))
    labels.write_text(f"name,key,label\n{rows}\n")
    oracle = FingerCount(labels=labels)
    assert kinds_of(images, oracle) == ["extra", "malformed", "empty", "in_support"]
    assert oracle.judge(images).details["fingers"].tolist()[0] == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"thresholds": (0.5, 0.4)}, "thresholds: expected increasing numbers"),
        ({"thresholds": ()}, "thresholds: expected increasing numbers"),
        ({"thresholds": (-0.1, 0.4)}, "thresholds: expected increasing numbers"),
        ({"lengths": ()}, "expected lengths above 0"),
        ({"dark": 0.0}, "dark between 0 and 1"),
        ({"labels": "nowhere.csv"}, "found none at nowhere.csv"),
    ],
    ids=str,
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        FingerCount(**settings)
