"""Photos of hands, such as those of 11k Hands, each cropped to the hand."""

import csv
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from lightning_modeinterp.data.datamodule import Split
from lightning_modeinterp.data.hands.finger_count import LABELS, FingerCount
from lightning_modeinterp.data.hands.hand_mask import contrast_of, largest_piece
from lightning_modeinterp.data.hands.poses import FINGERS
from lightning_modeinterp.data.images import ByteImages, ImageFolderDataModule, split_rows, to_bytes
from lightning_modeinterp.data.images.decoding import Colours
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.sheets import read_labels
from lightning_modeinterp.support_oracle import SupportOracle

Aspect = Literal["all", "dorsal", "palmar"]

INFO = "HandInfo.csv"
MARGIN = 0.06
"""Margin around a hand, relative to the image's height."""

OVERSIZE = 2
"""Photos are decoded at this multiple of their final size, so that cropping loses little."""

MIN_SIZE, MIN_AREA, MAX_AREA, DARK = 24, 0.02, 0.8, 0.1
PAPER, SURE = 255, 0.98
"""Padding of a photo, and the quantile of its contrast that certainly belongs to the hand, also to a small one."""

CHUNK = 64


class HandPhotosDataModule(ImageFolderDataModule):
    """Photos of hands on a uniform background, from a folder; data units are [0, 255], model units [-1, 1].

    Each is cropped to a square around the pixels that differ from its border. If the folder or its parent has 11k
    Hands' ``HandInfo.csv``, all photos of a person are in one split, and one side of the hand can be selected.

    Args:
        folder: Folder of the image files.
        image_size: Height and width to resize to, pixels; at least 24.
        colours: ``grey`` or ``rgb``.
        aspect: ``dorsal``, ``palmar``, or ``all``.
        max_broken: Maximum share of broken files, which are left out, in [0, 1]; with more the folder is refused.
        labels: CSV file of a contact sheet. Photos with another label than five fingers are left out.
        cache: Cache folder. If None, ``lightning_modeinterp`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.
        validation_rate: Share of the photos, or persons, for validation, in (0, 1).
        test_rate: Share of the photos, or persons, for the test, in (0, 1).
        content: Hash of the files' names and sizes, independent of their folder. The command line fills it in.
        batch_size: Global batch size, over all processes; at most the number of training images.
        seed: Seed of the order. If None, ``seed_everything`` on the command line, else 0.
        support: Oracle that decides what is a hallucination. `FingerCount` if None.

    Raises:
        ConfigurationError: If a setting does not fit; errors of the folder are raised when it is first read.
    """

    def __init__(
        self,
        folder: str | Path,
        image_size: int = 128,
        colours: Colours = "rgb",
        aspect: Aspect = "all",
        max_broken: float = 0.01,
        labels: str | Path | None = None,
        cache: str | Path | None = None,
        validation_rate: float = 0.1,
        test_rate: float = 0.1,
        content: str | None = None,
        batch_size: int = 64,
        seed: int | None = None,
        support: SupportOracle | None = None,
    ) -> None:
        if image_size < MIN_SIZE:
            raise ConfigurationError(
                f"hands: expected image_size >= {MIN_SIZE}, below which fingers merge, got {image_size}"
            )
        super().__init__(
            folder,
            OVERSIZE * image_size,
            colours,
            fit="pad",
            background=PAPER,
            max_broken=max_broken,
            cache=cache,
            validation_rate=validation_rate,
            test_rate=test_rate,
            content=content,
            batch_size=batch_size,
            seed=seed,
            support=FingerCount() if support is None else support,
        )
        self.image_size, self.aspect, self.labels = image_size, aspect, labels

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(C, S, S)."""
        return (self.preparation.shape[0], self.image_size, self.image_size)

    @cached_property
    def cut(self) -> NDArray[np.uint8]:
        """The photos, cropped to the hands, (N, C, S, S)."""
        images, found = self.decoded.images, 0
        cut = np.empty((len(images), *self.sample_shape), dtype=np.uint8)
        for start in range(0, len(images), CHUNK):
            part = torch.from_numpy(np.array(images[start : start + CHUNK]))
            pixels, is_hand = cut_out(part, self.image_size)
            cut[start : start + CHUNK] = pixels.numpy()
            found += int(is_hand.sum())
        if not found:
            raise ConfigurationError(
                f"hands: expected hands on a uniform background in {self.folder}, found none on {len(images)} images"
            )
        return cut

    def make_dataset(self, split: Split) -> ByteImages:
        """See `ModeInterpDataModule.make_dataset`."""
        return ByteImages(self.cut, self.rows(self.decoded.names)[split])

    def rows(self, names: Sequence[str]) -> Mapping[Split, Tensor]:
        """Row numbers of each split; see `ImageFolderDataModule.rows`."""
        info = self._info()
        is_wanted = torch.tensor([self._is_wanted(name, info) for name in names])
        if not is_wanted.any():
            raise ConfigurationError(f"hands: expected some photos of aspect {self.aspect} with five fingers, got none")
        chosen = is_wanted.nonzero().flatten()
        persons = [info.get(Path(names[row]).name, {}).get("id", names[row]) for row in chosen.tolist()]
        known = sorted(set(persons))
        by_split = split_rows(len(known), self.validation_rate, self.test_rate)
        number = torch.tensor([known.index(person) for person in persons])
        return {split: chosen[torch.isin(number, rows)] for split, rows in by_split.items()}

    @cached_property
    def _not_five(self) -> set[str]:
        if self.labels is None:
            return set()
        labels = read_labels(self.labels, LABELS)
        labels.check_names(self.decoded.names)
        return {name for name, label in labels.by_name.items() if label != str(FINGERS)}

    def _is_wanted(self, name: str, info: Mapping[str, Mapping[str, str]]) -> bool:
        if name in self._not_five:
            return False
        if self.aspect == "all":
            return True
        return info.get(Path(name).name, {}).get("aspectOfHand", "").startswith(self.aspect)

    def _info(self) -> dict[str, dict[str, str]]:
        """The row of 11k Hands for each photo, by its name; empty without its file."""
        for folder in (self.folder, self.folder.parent):
            if (path := folder / INFO).is_file():
                with path.open(newline="", encoding="utf-8-sig") as file:
                    rows = list(csv.DictReader(file))
                if not rows or not {"id", "imageName", "aspectOfHand"} <= set(rows[0]):
                    raise ConfigurationError(
                        f"{path}: expected the columns id, imageName and aspectOfHand of 11k Hands"
                    )
                return {row["imageName"]: row for row in rows}
        if self.aspect != "all":
            raise ConfigurationError(
                f"hands: expected {INFO} in {self.folder} or above it, which says what is {self.aspect}; put it there "
                "or set aspect: all"
            )
        return {}


def cut_out(images: Tensor, image_size: int) -> tuple[Tensor, Tensor]:
    """Crop squares around hands; an image without a hand is kept whole.

    Args:
        images: (N, C, S, S) uint8.
        image_size: Height and width T of the squares, pixels.

    Returns:
        (N, C, T, T) uint8, and whether there is a hand, (N,) bool.
    """
    squares, is_hand = [], []
    for image in images:
        box = _hand_box(image)
        is_hand.append(box is not None)
        top, left, side = _square(*box, len(image[0])) if box else (0, 0, len(image[0]))
        square = image[None, :, top : top + side, left : left + side].float()
        resized = interpolate(square, (image_size, image_size), mode="bilinear", align_corners=False, antialias=True)
        squares.append(to_bytes(resized))
    return torch.cat(squares), torch.tensor(is_hand)


def _hand_box(image: Tensor) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """First and last row, and column, of the hand on an image (C, S, S); None without one."""
    is_photo = (image < PAPER).any(0)
    if not is_photo.any():
        return None
    (top, bottom), (left, right) = _ends(is_photo.any(1).numpy()), _ends(is_photo.any(0).numpy())
    photo = image[None, :, top : bottom + 1, left : right + 1]  # without the padding
    contrast, usual = contrast_of(photo, SURE)
    mask, _ = largest_piece((contrast[:, 0] > 0.3 * usual.clamp(min=1e-6)).numpy())
    if usual < DARK or not MIN_AREA <= mask.mean() <= MAX_AREA:
        return None
    rows, columns = _ends(mask[0].any(1)), _ends(mask[0].any(0))
    return (top + rows[0], top + rows[1]), (left + columns[0], left + columns[1])


def _ends(is_there: NDArray[np.bool_]) -> tuple[int, int]:
    where = np.flatnonzero(is_there)
    return int(where[0]), int(where[-1])


def _square(rows: tuple[int, int], columns: tuple[int, int], size: int) -> tuple[int, int, int]:
    """Upper row, left column and side of the square around a box, within an image."""
    extent = 1 + max(rows[1] - rows[0], columns[1] - columns[0])
    side = min(size, extent + 2 * round(MARGIN * size))
    top, left = (int(np.clip(round((sum(ends) - side) / 2), 0, size - side)) for ends in (rows, columns))
    return top, left, side
