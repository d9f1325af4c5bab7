"""Find the shapes on an image, also touching ones, by explaining its white pixels.

An image is binarised at half its maximum brightness. A placed shape *explains* the white pixels under it and is
penalised for the black ones:

    gain = (unexplained white pixels under it - black pixels under it) / its number of pixels

The placement of the largest gain is taken, the pixels it explains are removed, and so on, while a gain is above a
half. So two touching shapes are separated: each fits its own pixels best. A shape's error is the number of wrong
pixels, black under it or unexplained white next to it, over its number of pixels. Bright pixels away from all shapes
form components.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from lightning_modeinterp.data.shapes.distribution import WHITE, PlacedShapes, Shape, SimpleShapes

MIN_GAIN = 0.5
"""Minimum gain of a shape."""

CHUNK = 128
"""Images processed together, so that they stay in a core's cache."""

MAX_SHAPES = 12
"""Maximum number of shapes to find on one image."""


@dataclass(frozen=True)
class FoundShapes:
    """Shapes found on N images.

    Args:
        placed: The M shapes, by image.
        error: (M,) float32, number of wrong pixels of each over its number of pixels; at least 0.
        brightness: (M,) float32, mean over the pixels of each that are on the image, relative to white.
        leftover: (N,) int64, pixels of the largest component outside of all shapes.
        num_leftovers: (N,) int64, number of such components of at least ``min_leftover`` pixels.
    """

    placed: PlacedShapes
    error: Tensor
    brightness: Tensor
    leftover: Tensor
    num_leftovers: Tensor

    @classmethod
    def joined(cls, parts: Sequence["FoundShapes"]) -> "FoundShapes":
        """Concatenate the shapes of several parts, with images numbered consecutively."""
        starts = [0, *accumulate(len(part.leftover) for part in parts)]
        placed = [
            replace(part.placed, image=part.placed.image + start)
            for part, start in zip(parts, starts[:-1], strict=True)
        ]
        fields = ("error", "brightness", "leftover", "num_leftovers")
        return cls(
            PlacedShapes.joined(placed), *(torch.cat([getattr(part, name) for part in parts]) for name in fields)
        )


class ShapeFinder:
    """Finds the shapes of a distribution.

    It cannot find a shape that is more than half hidden. A shape with a large error is reported as the nearest of the
    three; the caller has to check the error.

    Args:
        distribution: The distribution.
        dark: Brightness, relative to white, that counts as black on any image.
        grey: Minimum brightness, relative to white, of leftover pixels outside of all shapes.
        min_leftover: Minimum number of pixels of a leftover component.
    """

    def __init__(self, distribution: SimpleShapes, dark: float, grey: float, min_leftover: int) -> None:
        self.distribution = distribution
        self.dark, self.grey, self.min_leftover = dark, grey, min_leftover
        self.margin = 1 + max(int(shape.pixels.abs().max()) for shape in distribution.shapes)

    def find(self, samples: Tensor) -> FoundShapes:
        """Find the shapes of each image independently.

        Args:
            samples: (N, 1, S, S), data units.
        """
        chunks = [self._find(chunk) for chunk in torch.split(samples, CHUNK)] if len(samples) else [self._find(samples)]
        return FoundShapes.joined(chunks)

    def _find(self, samples: Tensor) -> FoundShapes:
        size = self.distribution.image_size
        brightness = samples.reshape(-1, size, size).float().nan_to_num(0, 0, 0).clamp(0, WHITE) / WHITE
        brightest = brightness.flatten(1).max(1).values[:, None, None] if len(brightness) else brightness
        is_white = brightness > (brightest / 2).clamp(min=self.dark)
        placed = self._place(is_white)
        covered = self._cover(placed, len(samples))
        placed_brightness, error = self._judge(placed, brightness, is_white, covered)
        near = max_pool2d(covered[:, None].float(), 3, stride=1, padding=1)[:, 0] > 0
        is_left = (brightness > (brightest / 2).clamp(self.dark, self.grey)) & ~near
        return FoundShapes(placed, error, placed_brightness, *self._leftovers(is_left))

    def _place(self, is_white: Tensor) -> PlacedShapes:
        """Explain white pixels, (N, S, S) bool, in order of decreasing gain."""
        size, device = is_white.shape[-1], is_white.device
        value = pad(2 * is_white.short() - 1, (self.margin,) * 4, value=-1)
        num_pixels = torch.tensor(list(map(len, self.distribution.shapes)), device=device)
        image = torch.arange(len(is_white), device=device)
        found = []
        for _ in range(MAX_SHAPES):
            is_open = (value > 0).flatten(1).sum(1) > MIN_GAIN * num_pixels.min()
            image, value = image[is_open], value[is_open]
            if not len(image):
                break
            running = _running_sums(value, self.margin)
            gains = [_sums(running, shape, self.margin).flatten(1).max(1) for shape in self.distribution.shapes]
            shares = torch.stack([each.values for each in gains], dim=1) / num_pixels
            share, shape = shares.max(1)
            is_found = share > MIN_GAIN
            places = torch.stack([each.indices for each in gains], dim=1)
            place = places.gather(1, shape[:, None])[is_found, 0]
            image, value, shape = image[is_found], value[is_found], shape[is_found]
            width = size + 2 * self.margin
            latest = PlacedShapes(image, shape, place // width - self.margin, place % width - self.margin)
            found.append(latest)
            self._set_aside(value, latest)
        return _by_image(found, device)

    def _set_aside(self, value: Tensor, placed: PlacedShapes) -> None:
        """Set explained pixels to 0; one placement per row of ``value``."""
        for number, shape in enumerate(self.distribution.shapes):
            rows = (placed.shape == number).nonzero()
            pixels = shape.pixels.to(value.device) + self.margin
            value[rows, placed.row[rows] + pixels[:, 0], placed.column[rows] + pixels[:, 1]] = 0

    def _cover(self, placed: PlacedShapes, num_images: int) -> Tensor:
        """Pixels under a shape, (N, S, S) bool."""
        drawn = self.distribution.draw(placed, num_images, is_cut=False)
        return drawn[:, 0] > 0

    def _judge(
        self, placed: PlacedShapes, brightness: Tensor, is_white: Tensor, covered: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean brightness under each shape, and its error; both (M,)."""
        mean = brightness.new_zeros(len(placed))
        error = brightness.new_zeros(len(placed))
        grey = pad(brightness, (self.margin,) * 4)
        white = pad(is_white.float(), (self.margin,) * 4)
        beside = pad((is_white & ~covered).float(), (self.margin,) * 4)
        for number, shape in enumerate(self.distribution.shapes):
            chosen = (placed.shape == number).nonzero().flatten()
            own = placed[chosen]
            under, ring = shape.pixels, _ring(shape)
            mean[chosen] = self._look(grey, own, under).mean(1)
            num_wrong = (1 - self._look(white, own, under)).sum(1) + self._look(beside, own, ring).sum(1)
            error[chosen] = num_wrong / len(shape)
        return mean, error

    def _look(self, padded: Tensor, placed: PlacedShapes, pixels: Tensor) -> Tensor:
        """Values at pixels around each anchor, (M, P)."""
        pixels = pixels.to(padded.device) + self.margin
        rows, columns = placed.row[:, None] + pixels[:, 0], placed.column[:, None] + pixels[:, 1]
        return padded[placed.image[:, None], rows, columns]

    def _leftovers(self, is_left: Tensor) -> tuple[Tensor, Tensor]:
        """Size of the largest component, and the number of those that count, (N,) int64."""
        num_images, device = len(is_left), is_left.device
        rows = is_left.flatten(1).sum(1) >= self.min_leftover
        largest = torch.zeros(num_images, dtype=torch.int64)
        number = torch.zeros(num_images, dtype=torch.int64)
        if rows.any():
            apart = np.zeros((3, 3, 3), dtype=bool)
            apart[1] = True  # neighbours within an image, including diagonal ones
            some = is_left[rows].cpu().numpy()
            labels, num_labels = ndimage.label(some, apart)
            sizes = np.bincount(labels.ravel(), minlength=num_labels + 1)[1:]
            image_of = np.zeros(num_labels, dtype=np.int64)
            where = np.nonzero(labels)
            image_of[labels[where] - 1] = where[0]
            at = torch.zeros(len(some), dtype=torch.int64)
            largest[rows.cpu()] = at.scatter_reduce(0, torch.from_numpy(image_of), torch.from_numpy(sizes), "amax")
            counting = torch.from_numpy(image_of[sizes >= self.min_leftover])
            number[rows.cpu()] = torch.bincount(counting, minlength=len(some))
        return largest.to(device), number.to(device)


def _running_sums(value: Tensor, margin: int) -> Tensor:
    """Sums of each row up to every column, (N, H + 2 m, W + 2 m + 1) int16, with a margin m of zeros all around."""
    return pad(pad(value, (margin,) * 4).cumsum(2, dtype=torch.int16), (1, 0))


def _sums(running: Tensor, shape: Shape, margin: int) -> Tensor:
    """Sum of the values under a shape at every anchor, (N, H, W) int16.

    Rows of a shape have no gaps, so each is the difference of two running sums.
    """
    height, width = running.shape[1] - 2 * margin, running.shape[2] - 2 * margin - 1
    total = running.new_zeros(len(running), height, width)
    for row, first, last in shape.runs:
        own = running[:, margin + row : margin + row + height]
        total += own[:, :, margin + last + 1 : margin + last + 1 + width]
        total -= own[:, :, margin + first : margin + first + width]
    return total


def _ring(shape: Shape) -> Tensor:
    """Pixels next to a shape, diagonally too, (R, 2)."""
    own = {tuple(pixel) for pixel in shape.pixels.tolist()}
    around = {(r + dr, c + dc) for r, c in own for dr in (-1, 0, 1) for dc in (-1, 0, 1)}
    return torch.tensor(sorted(around - own))


def _by_image(found: list[PlacedShapes], device: torch.device) -> PlacedShapes:
    if not found:
        none = torch.zeros(0, dtype=torch.int64, device=device)
        return PlacedShapes(none, none, none, none)
    placed = PlacedShapes.joined(found)
    return placed[placed.image.argsort(stable=True)]
