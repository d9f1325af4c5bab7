"""Rows of MNIST; see `gaussian` and `hands` for what they are."""

from pathlib import Path

from tests.digits import write_digits
from tests.integration.conftest import FEW_IMAGES, UNET


def digits(folder: Path) -> tuple[str, tuple[str, ...]]:
    """Files of some digits: the experiment that reads them, and its options."""
    data = {"root": write_digits(folder / "digits"), "size": 256, "validation_size": 64, "test_size": 64}
    return "mnist_16", (*(f"--data.init_args.{name}={value}" for name, value in data.items()), *UNET, *FEW_IMAGES)


OF_FILES = {"MNISTDataModule": digits}
