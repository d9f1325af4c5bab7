"""Rows of hands; see `gaussian` for what they are."""

from pathlib import Path

import torch
from PIL import Image

from lightning_modeinterp.data.hands import Hands
from tests.integration.conftest import FEW_IMAGES, UNET

EXPERIMENTS = {"hands_32": (*UNET, *FEW_IMAGES), "hands_bank_32": (*UNET, *FEW_IMAGES)}
LIKE_ANOTHER = {"hands_bank_32": "images as hands_32"}


def photos(folder: Path) -> tuple[str, tuple[str, ...]]:
    """Files of drawn hands in the place of photos: the experiment that reads them, and its options."""
    (folder / "photos").mkdir()
    hands = Hands(96, 3, tone=(0.3, 0.5), background=(0.95, 0.95))
    for number, image in enumerate(hands.sample(24, torch.Generator().manual_seed(0)).images):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / f"photos/{number}.png")
    data = {"folder": folder / "photos", "cache": folder / "cache", "image_size": 32}
    return "hands", (*(f"--data.init_args.{name}={value}" for name, value in data.items()), *UNET, *FEW_IMAGES)


OF_FILES = {"HandPhotosDataModule": photos}
"""Data modules that read files of a user's, and what makes some in a folder."""
