"""Samples as cells: values of small ones, thumbnails of images, neither of anything else."""

import numpy as np
import torch

from lightning_modeinterp.callbacks.sample_table import sample_table
from lightning_modeinterp.metrics import HighestSamples


def highest(samples):
    num = len(samples)
    return HighestSamples(torch.ones(num), torch.arange(num), torch.zeros(num, dtype=torch.int64), samples)


def test_images_become_thumbnails_from_their_darkest_to_their_brightest():
    image = torch.tensor([[[-1.0, 0.0], [0.5, 1.0]]])
    columns, ((index, variance, pixels),) = sample_table(highest(image[None]), None)
    assert (columns, index, variance) == (["index", "trajectory_variance", "sample"], 0, 1.0)
    assert pixels.shape == (2, 2, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels[..., 1], [[0, 128], [191, 255]])


def test_colours_stay_in_their_order():
    image = torch.zeros(3, 2, 2)
    image[2] = 1.0
    _, ((*_, pixels),) = sample_table(highest(image[None]), None)
    assert pixels[0, 0].tolist() == [0, 0, 255]


def test_an_even_image_is_dark():
    _, ((*_, pixels),) = sample_table(highest(torch.full((1, 1, 2, 2), 0.3)), None)
    assert not pixels.any()


def test_long_vectors_are_left_out():
    columns, rows = sample_table(highest(torch.zeros(2, 9)), ("in_support",))
    assert columns == ["index", "trajectory_variance", "verdict"]
    assert rows == [[0, 1.0, "in_support"], [1, 1.0, "in_support"]]
