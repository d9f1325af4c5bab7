"""Your images: a folder of files."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from lightning_modeinterp.data.datamodule import Split
from lightning_modeinterp.data.images.byte_images import ByteImages
from lightning_modeinterp.data.images.cache import CachedImages, cached_images
from lightning_modeinterp.data.images.datamodule import ImageDataModule, check_batch_size, split_rows
from lightning_modeinterp.data.images.decoding import Colours, Fit, Preparation, find_images
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.support_oracle import SupportOracle


class ImageFolderDataModule(ImageDataModule):
    """Image files of a folder and its sub-folders, decoded once and cached; see `decoding` and `cache`.

    Args:
        folder: Folder of the image files.
        image_size: Height and width to resize to, pixels.
        colours: ``grey`` or ``rgb``.
        fit: How a non-square image becomes a square: ``crop`` it to the middle, ``pad`` it with the background, or
            ``stretch`` it.
        background: Grey level behind transparent pixels and for padding; 0 is black, 255 white.
        max_broken: Maximum share of broken files, which are left out, in [0, 1]; with more the folder is refused.
        cache: Cache folder. If None, ``lightning_modeinterp`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.
        validation_rate: Share of the images for validation, in (0, 1). The split does not depend on the seed.
        test_rate: Share of the images for the test, in (0, 1).
        content: Hash of the files' names and sizes, independent of their folder. The command line fills it in.
        batch_size: Global batch size, over all processes; at most the number of training images.
        seed: Seed of the order. If None, ``seed_everything`` on the command line, else 0.
        support: Oracle that decides what is a hallucination. Generated samples are not judged if None.

    Raises:
        ConfigurationError: If a setting does not fit; errors of the folder are raised when it is first read.
    """

    def __init__(
        self,
        folder: str | Path,
        image_size: int = 64,
        colours: Colours = "rgb",
        fit: Fit = "crop",
        background: int = 255,
        max_broken: float = 0.0,
        cache: str | Path | None = None,
        validation_rate: float = 0.1,
        test_rate: float = 0.1,
        content: str | None = None,
        batch_size: int = 64,
        seed: int | None = None,
        support: SupportOracle | None = None,
    ) -> None:
        if not 0 <= max_broken <= 1:
            raise ConfigurationError(f"data.max_broken: expected a share from 0 to 1, got {max_broken}")
        super().__init__(batch_size, seed, support)
        self.folder, self.cache, self.max_broken = Path(folder), cache, max_broken
        self.preparation = Preparation(image_size, colours, fit, background)
        self.validation_rate, self.test_rate, self.content = validation_rate, test_rate, content

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(C, S, S)."""
        return self.preparation.shape

    @staticmethod
    def content_of(arguments: Mapping[str, Any]) -> str:
        """See `ModeInterpDataModule.content_of`."""
        folder = Path(arguments["folder"])
        sizes = [(name, (folder / name).stat().st_size) for name in find_images(folder)]
        return hashlib.sha256(json.dumps(sizes).encode()).hexdigest()

    @cached_property
    def decoded(self) -> CachedImages:
        """All images, in the order of their names."""
        return cached_images(self.folder, self.preparation, self.cache, self.max_broken)

    def setup(self, stage: str) -> None:
        """Decode, and check the data, before anything is computed."""
        check_batch_size(self.batch_size, len(self.make_dataset("train")))

    def make_dataset(self, split: Split) -> ByteImages:
        """See `ModeInterpDataModule.make_dataset`."""
        return ByteImages(self.decoded.images, self.rows(self.decoded.names)[split])

    def rows(self, names: Sequence[str]) -> Mapping[Split, Tensor]:
        """Row numbers of each split; a subclass may keep related images in one split.

        Args:
            names: File names, relative to the folder, in the order of the rows.
        """
        return split_rows(len(names), self.validation_rate, self.test_rate)
