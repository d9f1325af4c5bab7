"""The contracts of all seams that hands fill."""

from functools import partial

import pytest
import torch

from lightning_modeinterp.data.hands import (
    ExactHands,
    FingerCount,
    HandArea,
    HandBankDataModule,
    Hands,
    HandsDataModule,
)
from lightning_modeinterp.diffusion.noise_schedules import CosineSchedule
from lightning_modeinterp.testing import check_datamodule, check_denoiser, check_end_point_score, check_support_oracle

SIZES = {"size": 40, "validation_size": 20, "test_size": 20, "batch_size": 10}


def drawn(fingers):
    return Hands(64).sample(24, torch.Generator().manual_seed(11), fingers).images.float()


@pytest.mark.parametrize("datamodule", [HandsDataModule, partial(HandBankDataModule, num_turns=5, num_shifts=1)])
def test_datamodules(datamodule):
    check_datamodule(lambda seed: datamodule(image_size=32, seed=seed, **SIZES))


def test_the_exact_posterior_mean():
    check_denoiser(ExactHands((1, 32, 32), 5, 1, 0.05))


def test_the_area():
    check_end_point_score(HandArea(), CosineSchedule(), (1, 16, 16))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_oracle(dtype):
    check_support_oracle(FingerCount(), drawn(5).to(dtype), drawn(6).to(dtype))
