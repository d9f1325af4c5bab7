"""Against all images of a small size, one column's places against the others', and against the limits of the noise."""

import pytest
import torch

from lightning_modeinterp.data.shapes import ExactShapes, PlacedShapes, SimpleShapes
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

SIZE, AREA, PRESENCE = 32, 20.0, 0.3
DISTRIBUTION = SimpleShapes(SIZE, AREA, PRESENCE)
EXACT = ExactShapes((1, SIZE, SIZE), AREA, PRESENCE)


def level(gamma):
    return NoiseLevel(torch.tensor([0.5]), torch.tensor([gamma], dtype=torch.float64))


def images(num_images, seed=0):
    return DISTRIBUTION.sample(num_images, torch.Generator().manual_seed(seed))[0].double() / 127.5 - 1


def noised(x_0, gamma, seed=1):
    eps = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return level(gamma).alpha * x_0 + level(gamma).sigma * eps


def all_strips():
    """Each column of the image with its shape at every place and, last, without; (places + 1, 30, 10), -1 or 1."""
    strips = []
    for number, shape in enumerate(DISTRIBUTION.shapes):
        places = [
            (row, 10 * number + column)
            for row in range(shape.rows[0], shape.rows[1] + 1)
            for column in range(shape.columns[0], shape.columns[1] + 1)
        ]
        placed = PlacedShapes(*torch.tensor([(i, number, *place) for i, place in enumerate(places)]).T)
        drawn = DISTRIBUTION.draw(placed, len(places) + 1)[:, 0, :30, 10 * number : 10 * (number + 1)]
        strips.append(drawn.double() / 127.5 - 1)
    return strips


def by_enumeration(x_t, gamma):
    """Bayes over all combinations of places, from densities of the noise."""
    strips, alpha, sigma = all_strips(), level(gamma).alpha, level(gamma).sigma
    log_columns = []
    for number, strip in enumerate(strips):
        seen = x_t[0, :30, 10 * number : 10 * (number + 1)]
        log_likelihood = -(seen - alpha * strip).square().sum((1, 2)) / (2 * sigma**2)
        prior = torch.full((len(strip),), PRESENCE / (len(strip) - 1), dtype=torch.float64)
        prior[-1] = 1 - PRESENCE
        log_columns.append(log_likelihood + prior.log())
    joint = log_columns[0][:, None, None] + log_columns[1][None, :, None] + log_columns[2][None, None, :]
    joint[-1, -1, -1] = -torch.inf  # nothing at all
    joint = torch.softmax(joint.flatten(), 0).reshape(joint.shape)
    mean = torch.full((1, SIZE, SIZE), -1.0, dtype=torch.float64)
    for number, (strip, axes) in enumerate(zip(strips, ((1, 2), (0, 2), (0, 1)), strict=True)):
        mean[0, :30, 10 * number : 10 * (number + 1)] = torch.einsum("p,phw->hw", joint.sum(axes), strip)
    return mean


@pytest.mark.parametrize("gamma", [-6.0, -1.0, 1.0, 2.5, 6.0])
def test_equals_the_enumeration_of_all_images(gamma):
    x_t = noised(images(3), gamma)
    expected = torch.stack([by_enumeration(x, gamma) for x in x_t])
    torch.testing.assert_close(EXACT(x_t, level(gamma)), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("gamma", [0.0, 3.0])
def test_equals_it_where_nothing_is_to_be_seen(gamma):
    black = torch.full((1, 1, SIZE, SIZE), -1.0, dtype=torch.float64)
    expected = by_enumeration(level(gamma).alpha * black[0], gamma)[None]
    torch.testing.assert_close(EXACT(level(gamma).alpha * black, level(gamma)), expected, rtol=0, atol=1e-8)


def test_without_noise_it_gives_the_image_back():
    x_0 = images(20)
    torch.testing.assert_close(EXACT(noised(x_0, -12.0), level(-12.0)), x_0, rtol=0, atol=1e-7)


def test_in_pure_noise_it_gives_the_mean_of_the_data():
    mean = images(20_000).mean(0)
    guess = EXACT(noised(images(2), 25.0), level(25.0))
    assert (guess - mean).abs().max() < 0.02


def test_of_two_squares_it_keeps_half_of_each():
    """No image has two, so either may be the one, also where both are seen clearly."""
    squares = PlacedShapes(*torch.tensor([(0, 1, 2, 11), (0, 1, 20, 11)]).T)
    x_t = level(-5.0).alpha * (DISTRIBUTION.draw(squares, 1).double() / 127.5 - 1)
    x_0_hat = EXACT(x_t, level(-5.0))
    assert x_0_hat[0, 0, 3:6, 12:15].abs().max() < 1e-6
    torch.testing.assert_close(x_0_hat[0, 0, 2:7], x_0_hat[0, 0, 20:25])


def test_a_shape_that_is_always_there():
    exact = ExactShapes((1, SIZE, SIZE), AREA, presence=1.0)
    x_0_hat = exact(torch.zeros(1, 1, SIZE, SIZE), level(8.0))
    white = (x_0_hat + 1) / 2
    sizes = [len(shape) for shape in DISTRIBUTION.shapes]
    assert white.sum().item() == pytest.approx(sum(sizes), rel=0.02)  # less what the columns cut


@pytest.mark.parametrize("shape", [(2,), (3, 32, 32), (1, 32, 16)])
def test_refuses_other_samples(shape):
    with pytest.raises(ConfigurationError, match="expected square grey images"):
        ExactShapes(shape)
