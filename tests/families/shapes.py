"""Rows of Simple Shapes; see `gaussian` for what they are."""

import torch

from lightning_modeinterp.data.shapes import ExactShapes, ShapeCount, ShapeRates, SimpleShapes, SimpleShapesDataModule
from tests.conftest import KINDS
from tests.integration.conftest import FEW_IMAGES, UNET

SHAPES = SimpleShapes()


def judged_samples():
    """Images of the data, and two that are none."""
    images = SHAPES.sample(300, torch.Generator().manual_seed(0))[0].float()
    return images, torch.stack([images[0].roll(30, 1).maximum(images[0]), torch.full_like(images[0], 255.0)])


EXPERIMENTS = {"shapes_32": (*UNET, *FEW_IMAGES)}
FIGURES_TAKE_LONG = {"shapes_32": "a t-SNE"}
"""Experiments whose figures two processes draw in slow tests alone, and why."""

DATAMODULES = {
    SimpleShapesDataModule: lambda seed: SimpleShapesDataModule(
        size=400, validation_size=200, test_size=200, batch_size=40, seed=seed
    )
}
DENOISERS = {ExactShapes: lambda: ExactShapes((1, 32, 32), area=20.0)}
ORACLES = {ShapeCount: (lambda: ShapeCount(SHAPES), judged_samples)}
METRICS = {ShapeRates: [lambda: ShapeRates(KINDS, [1 / 7] * 7)]}
