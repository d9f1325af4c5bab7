import pytest
import torch

from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixture
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.errors import ConfigurationError


@pytest.mark.parametrize("means", [[1.0, 2.0, 3.0], [[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]]])
def test_is_the_posterior_mean(means):
    mixture = GaussianMixture(means, 0.05, [0.5, 0.2, 0.3])
    model = ExactMixture((mixture.dimension,), means, 0.05, [0.5, 0.2, 0.3])
    x_t = torch.randn(6, mixture.dimension, generator=torch.Generator().manual_seed(0))
    level = LinearBetaSchedule().level(torch.linspace(0, 1, 6))
    assert torch.equal(model(x_t, level), mixture.posterior_mean(x_t, level).float())


def test_says_what_it_predicts_and_has_nothing_to_train():
    model = ExactMixture((1,), [1.0], 0.05)
    assert model.prediction == "x_0"
    assert list(model.parameters()) == []
    assert model.state_dict() == {}


@pytest.mark.parametrize(("shape", "means"), [((2,), [1.0, 2.0]), ((1,), [[1.0, 2.0]]), ((1, 4, 4), [1.0])])
def test_refuses_another_dimension(shape, means):
    with pytest.raises(ConfigurationError, match="ExactMixture: expected means with the shape"):
        ExactMixture(shape, means, 0.05)
