"""MNIST: handwritten digits at 32, 28 or 16 pixels."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.data.datamodule import Split, checked_sizes
from lightning_modeinterp.data.images import ByteImages, ImageDataModule, mixed_order
from lightning_modeinterp.data.mnist.digit_rates import NUM_DIGITS, DigitRates
from lightning_modeinterp.data.mnist.digits import (
    Digits,
    Half,
    ImageSize,
    digits_sha256,
    has_digits,
    read_digits,
    resized,
)
from lightning_modeinterp.data.mnist.lenet import LeNet, in_batches, lenet
from lightning_modeinterp.data.mnist.rejected import RejectedDigits
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import FrechetDistance, GenerationMetric, KernelDistance, SupportRates
from lightning_modeinterp.support_oracle import SupportOracle


class MNISTDataModule(ImageDataModule):
    """White digits on black; data units are [0, 255], model units [-1, 1].

    Training images are the first of the 60,000, validation images the last of them; test images the first of the
    10,000. Generated images are compared with test images by the Frechet distance of our own feature network
    (`lenet`), at the size of the smaller set. As a floor, training images are compared with the same test images.

    Args:
        root: Folder with the idx files in ``MNIST/raw``, as in torchvision, compressed by gzip or not.
        image_size: 32 pads the published 28 pixels with black; 16 takes the means of 2 x 2 of those.
        download: Let torchvision download missing files.
        size: Number of training images.
        validation_size: Number of validation images.
        test_size: Number of test images.
        content: Hash of the digits, independent of their folder. The command line fills it in.
        batch_size: Global batch size, over all processes; at most ``size``.
        seed: Seed of the order. If None, ``seed_everything`` on the command line, else 0.
        support: Oracle that decides what is a hallucination, such as our `RejectedDigits`. Generated samples are not
            judged if None.

    Raises:
        ConfigurationError: If a size does not fit; errors of the files are raised when they are first read.
    """

    def __init__(
        self,
        root: str | Path = "data",
        image_size: ImageSize = 32,
        download: bool = False,
        size: int = 55_000,
        validation_size: int = 5_000,
        test_size: int = 10_000,
        content: str | None = None,
        batch_size: int = 64,
        seed: int | None = None,
        support: SupportOracle | None = None,
    ) -> None:
        super().__init__(batch_size, seed, support)
        self.root, self.image_size, self.download = Path(root), image_size, download
        self.content = content
        self.sizes = checked_sizes(size, validation_size, test_size, batch_size)
        self._halves: dict[Half, Digits] = {}

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(1, S, S)."""
        return (1, self.image_size, self.image_size)

    @staticmethod
    def content_of(arguments: Mapping[str, Any]) -> str | None:
        """See `ModeInterpDataModule.content_of`; None for files still to be downloaded."""
        if arguments.get("download") and not has_digits(arguments["root"]):
            return None
        return digits_sha256(arguments["root"])

    def prepare_data(self) -> None:
        """Let torchvision download missing files, if allowed."""
        if self.download:
            from torchvision.datasets import MNIST  # imported late: it takes seconds

            try:
                MNIST(str(self.root), download=True)
            except (RuntimeError, OSError) as error:
                raise ConfigurationError(
                    f"MNIST: expected torchvision to download the files to {self.root}, got {error}; copy them there"
                ) from error

    def setup(self, stage: str) -> None:
        """Refuse missing files or too few digits, before anything is computed."""
        for split in self.sizes:
            self.make_dataset(split)

    def make_dataset(self, split: Split) -> ByteImages:
        """See `ModeInterpDataModule.make_dataset`."""
        return ByteImages(self._digits(split).images, self._rows(split))

    def labels(self, split: Split) -> Tensor:
        """Labels of the images of a split, (N,) int64, 0 to 9."""
        return torch.from_numpy(self._digits(split).labels)[self._rows(split)]

    def metrics(self) -> list[GenerationMetric]:
        """Rates, detection and the distances from test images; see `ModeInterpDataModule.metrics`."""
        distances = [FrechetDistance(lenet(), *self._features), KernelDistance(lenet(), *self._features)]
        if self.support is None:
            return [*distances]
        rates: GenerationMetric = SupportRates(self.support.kinds)
        if isinstance(self.support, RejectedDigits):
            counts = torch.bincount(self.labels("train"), minlength=NUM_DIGITS).double()
            rates = DigitRates(self.support.kinds, counts / counts.sum())
        return [rates, self.detection(), *distances]

    def feature_network(self) -> LeNet:
        """See `ModeInterpDataModule.feature_network`."""
        return lenet()

    @cached_property
    def _features(self) -> tuple[Tensor, Tensor]:
        """Features of test images, and of as many training images."""
        test, train = self.make_dataset("test"), self.make_dataset("train")
        network = lenet()
        first = [data.bytes_of(mixed_order(len(data))[: len(test)]) for data in (test, train)]
        return in_batches(network, first[0]).clone(), in_batches(network, first[1]).clone()

    def _rows(self, split: Split) -> Tensor:
        num_there = len(self._digits(split).labels)
        wanted = self.sizes[split] if split == "test" else self.sizes["train"] + self.sizes["validation"]
        if wanted > num_there:
            names = "test_size" if split == "test" else "size + validation_size"
            raise ConfigurationError(f"MNIST: expected {names} up to the {num_there} digits of the files, got {wanted}")
        if split == "validation":
            return torch.arange(num_there - self.sizes["validation"], num_there)
        return torch.arange(self.sizes[split])

    def _digits(self, split: Split) -> Digits:
        """The half of MNIST that a split is part of, read once, at this size."""
        half: Half = "test" if split == "test" else "train"
        if half not in self._halves:
            digits = read_digits(self.root, half)
            self._halves[half] = Digits(resized(digits.images, self.image_size), digits.labels)
        return self._halves[half]
