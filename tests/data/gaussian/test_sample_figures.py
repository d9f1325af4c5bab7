"""Figures of samples that need the mixture."""

import numpy as np
import pytest
import torch

from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.records import GeneratedBatch


def data_of(dimension):
    means = [[x, *[0.0] * (dimension - 1)] for x in (-1.0, 1.0)]
    if dimension == 2:
        means += [[0.0, 1.0]]
    return GaussianMixtureDataModule(means, 0.05, size=20, batch_size=10, scale=0.5)


def drawn(data, judged=True):
    samples = data.mixture.sample(200, keyed_generator(0, "drawn", 0)).float()
    samples[:20] += 0.5  # off the modes
    return GeneratedBatch(torch.arange(200), samples, {}, 200, data.support.judge(samples) if judged else None)


@pytest.mark.parametrize(
    ("dimension", "judged", "of_samples", "of_test"),
    [
        (1, True, ["density"], []),
        (1, False, ["samples"], []),
        (2, True, ["samples"], ["pairs"]),
        (2, False, ["samples"], []),
        (3, True, [], []),
    ],
)
def test_names(dimension, judged, of_samples, of_test):
    data = data_of(dimension)
    made = drawn(data, judged)
    assert [name for name, _ in data.sample_figures(made)] == of_samples
    assert [name for name, _ in data.test_figures(made)] == of_test


def test_the_density_is_the_true_one_in_data_units():
    data = data_of(1)
    ((_, figure),) = data.sample_figures(drawn(data))
    x, density = figure.axes[0].lines[0].get_data()
    expected = sum(np.exp(-((x - mean) ** 2) / (2 * 0.05**2)) for mean in (-1, 1)) / (2 * 0.05 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(density, expected, rtol=1e-3, atol=1e-30)


def test_landmarks_are_the_means_in_model_units():
    assert data_of(1).landmarks().tolist() == [[-2.0], [2.0]]
