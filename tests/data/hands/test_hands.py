"""The drawn hands: what is promised about fingers, gaps and landmarks, and that it is a function of the seed."""

import pytest
import torch

from lightning_modeinterp.data.hands import Hands
from lightning_modeinterp.data.hands.skeleton import gaps
from lightning_modeinterp.errors import ConfigurationError


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_images(size, channels):
    drawn = Hands(size, channels).sample(5, generator())
    assert drawn.images.shape == (5, channels, size, size)
    assert drawn.images.dtype == torch.uint8
    assert drawn.images.amax((1, 2, 3)).min() > 100
    assert drawn.images.amin((1, 2, 3)).max() < 60


def test_the_data_have_four_fingers_and_one_thumb():
    poses = Hands(32).sample(300, generator()).poses
    assert (poses.fan == 4).all()
    assert (poses.has_digit.sum(0) == torch.tensor([300, 300, 300, 300, 0, 0, 300, 0])).all()
    assert {-1.0, 1.0} == set(poses.side.tolist())


@pytest.mark.parametrize("fingers", range(1, 8))
def test_any_number_of_fingers(fingers):
    drawn = Hands(32).sample(60, generator(fingers), fingers)
    assert (drawn.poses.fingers == fingers).all()
    assert (drawn.landmarks.is_there.sum(1) == fingers).all()


def test_each_hand_its_own_number():
    wanted = torch.tensor([3, 7, 5, 4])
    assert torch.equal(Hands(32).sample(4, generator(), wanted).poses.fingers, wanted)


@pytest.mark.parametrize("fingers", [3, 5, 7])
@pytest.mark.parametrize(("size", "gap"), [(64, None), (32, None), (64, 3.5)])
def test_the_gap_is_kept(size, gap, fingers):
    landmarks = Hands(size, least_gap=gap).sample(200, generator(), fingers).landmarks
    assert gaps(landmarks).min() >= (0.04 * size if gap is None else gap)


def test_gaps_by_hand():
    """Two upright fingers of radius 2, 10 pixels apart; the shorter one ends beside the other."""
    drawn = Hands(64).sample(1, generator())
    fingers = drawn.landmarks
    fingers.is_there[:] = False
    fingers.is_there[0, :2] = True
    fingers.start[0, :2] = torch.tensor([[20.0, 40.0], [30.0, 40.0]])
    fingers.end[0, :2] = torch.tensor([[20.0, 10.0], [30.0, 20.0]])
    fingers.radii[0, :2] = 2.0
    assert gaps(fingers).item() == pytest.approx(6.0)


def test_fingers_are_bright_along_their_landmarks_and_end_there():
    drawn = Hands(64, tone=(0.9, 0.9)).sample(50, generator())
    start, end, radius = drawn.landmarks.start, drawn.landmarks.end, drawn.landmarks.radii[..., 1]
    beyond = end + (end - start) / (end - start).norm(dim=2, keepdim=True) * (radius + 1.5)[..., None]
    image = torch.arange(50)[:, None].expand(-1, 8)[drawn.landmarks.is_there]

    def brightness(points):
        column, row = points[drawn.landmarks.is_there].floor().long().unbind(1)
        return drawn.images[image, 0, row.clamp(0, 63), column.clamp(0, 63)]

    assert brightness((start + end) / 2).min() > 120
    assert brightness(end).min() > 80
    assert brightness(beyond).max() < 60


def test_a_function_of_the_seed():
    first, again, other = (Hands(32).sample(10, generator(seed)).images for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_size": 16}, "image_size >= 24"),
        ({"num_channels": 2}, "1 or 3 channels"),
        ({"least_gap": -1.0}, "least_gap: expected pixels >= 0"),
        ({"tone": (0.9, 0.2)}, "tone: expected two numbers, the lower first"),
        ({"background": (0.0, 1.5)}, "background: expected two numbers"),
        ({"width": (0.0, 1.0)}, "width: expected two numbers, the lower first, above 0"),
    ],
    ids=str,
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        Hands(**settings)


@pytest.mark.parametrize("fingers", [0, 8])
def test_refuses_a_number_that_hands_cannot_have(fingers):
    with pytest.raises(ConfigurationError, match="fingers: expected 1 to 7"):
        Hands(32).sample(2, generator(), fingers)


def test_refuses_a_gap_that_fingers_cannot_have():
    with pytest.raises(ConfigurationError, match="set a smaller gap or thinner fingers"):
        Hands(32, least_gap=20.0).sample(2, generator())
