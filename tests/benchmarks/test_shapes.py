"""What the scripts on Simple Shapes compose and choose."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import shapes_detection
import shapes_oracle

from lightning_modeinterp.data.shapes import ShapeCount, SimpleShapes

SHAPES = SimpleShapes()
ORACLE = ShapeCount(SHAPES)


@pytest.mark.parametrize("name", shapes_oracle.CASES)
def test_clean_cases_are_what_they_are_said_to_be(name):
    truth, make = shapes_oracle.CASES[name]
    least = 0.8 if name == "half of one, half of another" else 1.0  # one of six halves is nearly a pentagon
    assert shapes_oracle.shares(ORACLE, make(SHAPES)[:120])[truth] >= least


def made_up(num_images=300, seed=0):
    generator = torch.Generator().manual_seed(seed)
    is_repeated = torch.rand(num_images, generator=generator) < 0.3
    num_shapes = 1 + is_repeated.long() + torch.randint(2, (num_images,), generator=generator)
    noise = torch.randn(3, num_images, generator=generator).double()
    scores = {
        ("ink", -1): num_shapes + 0.1 * noise[0],
        ("mean", 0): noise[1],
        ("mean", 1): 2.0 * is_repeated + noise[1],
        ("max", 0): num_shapes + 0.1 * noise[2],
    }
    return shapes_detection.Images(scores, is_repeated, num_shapes)


def test_the_window_is_chosen_among_images_with_as_many_shapes():
    assert shapes_detection.best_windows(made_up()) == [("ink", -1), ("mean", 1), ("max", 0)]


def test_ink_tells_them_apart_until_it_is_matched():
    rows = {
        key: shapes_detection.judge(key, made_up(), made_up(seed=1), ["low", "high"])
        for key in shapes_detection.best_windows(made_up())
    }
    ink, mean = rows["ink", -1], rows["mean", 1]
    assert ink["auroc"][0] > 0.7
    assert ink["matched"][1] < 0.5 < ink["matched"][2]
    assert mean["matched"][1] > 0.8
    assert mean["window"] == "high"
    assert mean["auroc"][1] < mean["auroc"][0] < mean["auroc"][2]
