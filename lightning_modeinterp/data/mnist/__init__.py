"""Handwritten digits, with our own feature network and rejecting classifiers."""

from lightning_modeinterp.data.mnist.datamodule import MNISTDataModule
from lightning_modeinterp.data.mnist.digit_rates import DigitRates
from lightning_modeinterp.data.mnist.digits import Digits, has_digits, read_digits, resized
from lightning_modeinterp.data.mnist.lenet import LeNet, lenet
from lightning_modeinterp.data.mnist.rejected import RejectedDigits

__all__ = [
    "DigitRates",
    "Digits",
    "LeNet",
    "MNISTDataModule",
    "RejectedDigits",
    "has_digits",
    "lenet",
    "read_digits",
    "resized",
]
