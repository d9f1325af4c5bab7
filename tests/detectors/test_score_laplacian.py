import pytest
import torch

from lightning_modeinterp.data.gaussian import ExactMixture
from lightning_modeinterp.denoisers import MLP, UNet
from lightning_modeinterp.detectors import ScoreLaplacian
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.errors import ConfigurationError

SCHEDULE = LinearBetaSchedule(1000, 0.001, 0.2)


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_of_one_gaussian_it_is_the_same_everywhere(dimensions):
    """-d / (alpha^2 s^2 + sigma^2)."""
    exact = ExactMixture((dimensions,), [[0.3] * dimensions], 0.2)
    level = SCHEDULE.level_at(0.1)
    expected = -dimensions / (level.alpha.square() * 0.2**2 + level.sigma.square())
    samples = torch.randn(6, dimensions, generator=torch.Generator().manual_seed(0))
    actual = ScoreLaplacian(0.1).score(samples, exact, SCHEDULE)
    torch.testing.assert_close(actual, expected.expand(6), rtol=1e-4, atol=0)


def test_of_a_mixture_it_is_the_derivative_of_its_score():
    """By central differences of the closed-form score, in float64."""
    exact = ExactMixture((2,), [[0.0, 0.0], [1.0, 0.0]], 0.2)
    samples = torch.tensor([[0.0, 0.1], [0.5, 0.0], [0.45, -0.3], [1.2, 0.2]], dtype=torch.float64)
    level, step = SCHEDULE.level_at(0.3), 1e-5
    x_t, expected = level.alpha * samples, torch.zeros(4, dtype=torch.float64)
    for i in range(2):
        offset = step * torch.eye(2, dtype=torch.float64)[i]
        slope = exact.mixture.score(x_t + offset, level) - exact.mixture.score(x_t - offset, level)
        expected += slope[:, i] / (2 * step)
    actual = ScoreLaplacian(0.3).score(samples, exact, SCHEDULE)
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MLP((3,), width=16),  # its activations work in place
        lambda: MLP((3,), width=16, is_fused=True),
        lambda: UNet((1, 4, 4), 8, (1, 2), 1, (4,), 8),
    ],
    ids=["MLP", "fused", "UNet"],
)
def test_of_a_network_it_is_the_trace_of_autograds_jacobian(make):
    torch.manual_seed(0)
    network = make()
    for parameter in network.parameters():  # some begin at 0
        torch.nn.init.normal_(parameter, std=0.2)
    level = SCHEDULE.level_at(0.2).to(dtype=torch.float32)
    samples = torch.randn(5, *network.sample_shape)
    jacobian = torch.autograd.functional.jacobian(lambda x_t: network(x_t, level), level.alpha * samples)
    dimensions = samples[0].numel()
    square = jacobian.reshape(5, dimensions, 5, dimensions)
    trace = torch.stack([square[i, :, i].trace() for i in range(5)]).double()
    alpha, sigma = level.alpha.double(), level.sigma.double()
    with torch.inference_mode():
        actual = ScoreLaplacian(0.2).score(samples, network, SCHEDULE)
    torch.testing.assert_close(actual, (alpha * trace - dimensions) / sigma.square(), rtol=1e-4, atol=1e-3)


def test_it_is_positive_between_modes_by_construction_and_negative_on_them():
    exact = ExactMixture((1,), [-1.0, 1.0], 0.05)
    between, on_a_mode = ScoreLaplacian(0.1).score(torch.tensor([[0.0], [1.0]]), exact, SCHEDULE)
    assert between > 0 > on_a_mode


@pytest.mark.parametrize("sample_shape", [(65,), (1, 8, 9)])
def test_more_dimensions_than_allowed_are_refused_before_anything_is_computed(sample_shape):
    with pytest.raises(ConfigurationError, match=r"at most 64 numbers, got (65|72).*raise max_dimensions"):
        ScoreLaplacian(0.1).check(SCHEDULE, sample_shape)
    with pytest.raises(ConfigurationError, match="at most 64 numbers"):
        ScoreLaplacian(0.1).score(torch.zeros(2, *sample_shape), lambda *_: pytest.fail("was asked"), SCHEDULE)
    ScoreLaplacian(0.1, max_dimensions=72).check(SCHEDULE, sample_shape)
