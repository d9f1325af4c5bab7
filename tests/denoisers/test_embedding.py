import numpy as np
import pytest
import torch

from lightning_modeinterp.denoisers.embedding import PixelCoordinates, SinusoidalEmbedding


@pytest.mark.parametrize("width", [4, 128])
def test_embedding_equals_numpy(width):
    steps = np.array([0.0, 1.0, 10.5, 999.0])
    frequencies = np.exp(-np.log(10_000) * np.arange(width // 2) / (width // 2 - 1))
    angle = steps[:, None] * frequencies
    expected = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    embedded = SinusoidalEmbedding(width)(torch.tensor(steps, dtype=torch.float32))
    np.testing.assert_allclose(embedded.numpy(), expected, atol=1e-4)


def test_coordinates_equal_numpy():
    height, width, at = 6, 4, (5, 1)
    appended = PixelCoordinates(height, width)(torch.zeros(2, 3, height, width))
    assert appended.shape == (2, 3 + PixelCoordinates.num_channels, height, width)
    turns = np.pi * 2.0 ** np.arange(4)
    places = [turns * (row_or_column + 0.5) / size for row_or_column, size in zip(at, (height, width), strict=True)]
    expected = np.concatenate([wave(place) for place in places for wave in (np.sin, np.cos)])
    for sample in appended:
        assert (sample[:3] == 0).all()
        np.testing.assert_allclose(sample[3:, at[0], at[1]].numpy(), expected, atol=1e-6)


def test_coordinates_tell_all_pixels_apart():
    places = PixelCoordinates(32, 16).coordinates.flatten(2)[0].T
    distances = torch.cdist(places, places) + torch.eye(len(places))
    assert distances.min() > 0.1


def test_coordinates_take_the_precision_of_the_features():
    assert PixelCoordinates(4, 4)(torch.zeros(1, 1, 4, 4, dtype=torch.bfloat16)).dtype == torch.bfloat16
