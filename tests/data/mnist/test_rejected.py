import pytest
import torch

from lightning_modeinterp.data.mnist import RejectedDigits, read_digits, resized
from lightning_modeinterp.data.mnist.rejected import nearest_direction
from lightning_modeinterp.testing import check_support_oracle


@pytest.fixture(scope="module")
def oracle():
    return RejectedDigits()


@pytest.fixture
def images(digits):
    return lambda size: torch.from_numpy(resized(read_digits(digits, "test").images, size)).float()


@pytest.mark.parametrize("size", [16, 28, 32])
def test_real_digits_are_seldom_rejected(oracle, images, digits, size):
    verdict = oracle.judge(images(size))
    assert verdict.hallucinated.double().mean() < 0.012
    labels = torch.from_numpy(read_digits(digits, "test").labels)
    assert (verdict.mode == labels).double().mean() > 0.985


@pytest.mark.parametrize("size", [16, 32])
def test_what_is_no_digit_is_mostly_rejected(oracle, images, size):
    noise = torch.rand(200, 1, size, size, generator=torch.Generator().manual_seed(0)) * 255
    digits = images(size)[:400]
    halfway = (digits[:200] + digits[200:]) / 2
    assert oracle.judge(noise).hallucinated.double().mean() > 0.8
    assert oracle.judge(halfway).hallucinated.double().mean() > 0.15


def test_what_is_not_finite_is_rejected(oracle, images):
    digits = images(32)[:3].clone()
    digits[0, 0, 3, 3] = float("nan")
    digits[1] = float("inf")
    assert oracle.judge(digits).hallucinated.tolist()[:2] == [True, True]


@pytest.mark.parametrize("size", [16, 28, 32])
def test_an_empty_image_is_rejected(oracle, size):
    assert oracle.judge(torch.zeros(2, 1, size, size)).hallucinated.all()


def test_details(oracle, images):
    verdict = oracle.judge(images(32)[:7])
    assert verdict.details["confidence"].shape == verdict.details["feature_distance"].shape == (7,)
    assert verdict.details["confidence"].max() <= 1


def test_contract(oracle, images):
    full = torch.full((5, 1, 32, 32), 255.0)
    check_support_oracle(oracle, images(32)[:600], full)


def test_nearest_direction_by_hand():
    features = torch.tensor([[[3.0, 4.0], [1.0, 0.0]], [[0.0, 2.0], [0.0, 1.0]]])
    directions = torch.tensor([[[5.0, 0.0], [0.0, 1.0]]] * 2)
    # cosines of the first with each direction: .6 and 0, .8 and 1; of the second: 1 and 0, 0 and 1
    assert nearest_direction(features, directions).tolist() == pytest.approx([0.1, 0.5])
