"""Simple Shapes: a triangle, a square and a pentagon, each at most once, each in its own column.

White on black; three columns from left to right hold triangle, square and pentagon. Each shape is present with
probability p, at a uniform position in its column, and empty images are dropped. A column is a third of
``image_size - 1`` wide, so at 64 pixels the last row and column stay black. A shape that reaches one pixel over the
right edge of its column is cut there.

Sizes follow from an area A by the formulas of the authors' generator (truncated to integers), and shapes are drawn by
the same routine, so that at 64 pixels every image is one that it can draw, pixel by pixel:

    square    side sqrt(A)                                  triangle  side sqrt(4 A / sqrt(3)), pointing down
    pentagon  radius sqrt(4 A / sqrt(5 (5 + 2 sqrt(5)))), a vertex to the right
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError

TRIANGLE, SQUARE, PENTAGON = 0, 1, 2
NAMES = ("triangle", "square", "pentagon")
NUM_COLUMNS = 3
WHITE = 255

COMBINATIONS = torch.tensor([[number >> shape & 1 for shape in range(len(NAMES))] for number in range(1, 8)])
"""Which shapes an image has, (7, 3): row k - 1 holds the binary digits of k, the triangle's the lowest."""

PUBLISHED_SIZE, PUBLISHED_AREA = 64, 60
MIN_DIFFERENT_PIXELS = 6
"""Minimum number of pixels in which two shapes differ in any overlay; with fewer, blur makes them alike."""


@dataclass(frozen=True)
class Shape:
    """A shape as pixels around its anchor: a corner of the triangle's and square's box, the centre of the pentagon.

    Args:
        name: Its name.
        pixels: (P, 2) int64, row and column of each pixel from the anchor.
        rows: Lowest and highest row of the anchor.
        columns: The same for its position within its column of the image.
    """

    name: str
    pixels: Tensor
    rows: tuple[int, int]
    columns: tuple[int, int]

    def __len__(self) -> int:
        """Number of pixels."""
        return len(self.pixels)

    @property
    def runs(self) -> tuple[tuple[int, int, int], ...]:
        """Row, first and last column of the pixels in each row, from the anchor; the shapes have no gaps."""
        rows = self.pixels[:, 0]
        in_row = [(row, self.pixels[rows == row, 1]) for row in sorted(set(rows.tolist()))]
        return tuple((row, int(columns.min()), int(columns.max())) for row, columns in in_row)


@dataclass(frozen=True)
class PlacedShapes:
    """Shapes on images, one entry per shape; all (M,) int64.

    Args:
        image: Number of the image.
        shape: `TRIANGLE`, `SQUARE` or `PENTAGON`.
        row: Row of the anchor.
        column: Column of the anchor, from the left edge of the image.
    """

    image: Tensor
    shape: Tensor
    row: Tensor
    column: Tensor

    def __len__(self) -> int:
        """Number of shapes."""
        return len(self.image)

    def __getitem__(self, chosen: Tensor) -> "PlacedShapes":
        return PlacedShapes(self.image[chosen], self.shape[chosen], self.row[chosen], self.column[chosen])

    @classmethod
    def joined(cls, parts: Sequence["PlacedShapes"]) -> "PlacedShapes":
        """The shapes of all parts, one after the other."""
        return cls(
            *(torch.cat([getattr(part, name) for part in parts]) for name in ("image", "shape", "row", "column"))
        )

    def counts(self, num_images: int) -> Tensor:
        """Counts of each shape per image, (num_images, 3) int64."""
        cells = self.image * len(NAMES) + self.shape
        return torch.bincount(cells, minlength=num_images * len(NAMES)).reshape(num_images, len(NAMES))


class SimpleShapes:
    """The distribution of the images. It cannot be written as a density: images that differ by a shift are far apart.

    Args:
        image_size: Height and width in pixels.
        area: Area A of a shape in pixels, before sizes are truncated. If None, 60 at 64 pixels as published, scaled
            for other sizes.
        presence: Probability p of each shape, in (0, 1].
        has_column_rule: Whether each shape has its own column. Otherwise they are in random columns, no two in the
            same one; ours.

    Raises:
        ConfigurationError: If a shape does not fit into its column, two shapes are too small to distinguish, or p is
            not in (0, 1].

    Example:
        >>> images, placed = SimpleShapes().sample(4, torch.Generator().manual_seed(0))
        >>> images.shape, images.dtype, images.unique().tolist(), placed.counts(4).max().item()
        (torch.Size([4, 1, 64, 64]), torch.uint8, [0, 255], 1)

    References:
        Aithal et al. 2024 (arXiv:2406.09358), section 4.2, and its released code.
    """

    def __init__(
        self,
        image_size: int = PUBLISHED_SIZE,
        area: float | None = None,
        presence: float = 0.5,
        has_column_rule: bool = True,
    ) -> None:
        self.image_size = image_size
        self.area = PUBLISHED_AREA * (image_size / PUBLISHED_SIZE) ** 2 if area is None else area
        self.presence, self.has_column_rule = presence, has_column_rule
        self.column_width = (image_size - 1) // NUM_COLUMNS
        self.canvas_height = self.column_width * NUM_COLUMNS
        if not 0 < presence <= 1:
            raise ConfigurationError(f"presence: expected a probability in (0, 1], got {presence}; the paper has 0.5")
        self.shapes = _make_shapes(self.area, self.column_width, self.canvas_height)
        self._check()

    @property
    def combination_weights(self) -> Tensor:
        """Probability of each of the `COMBINATIONS`, (7,) float64; as published each is 1/7."""
        num_shapes = COMBINATIONS.sum(1)
        weights = self.presence**num_shapes * (1.0 - self.presence) ** (len(NAMES) - num_shapes)
        return weights.double() / weights.sum()

    def sample(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, PlacedShapes]:
        """Draw images.

        Args:
            num_samples: Number N of images.
            generator: The only source of randomness.

        Returns:
            Images (N, 1, S, S) uint8, 0 or 255, and the shapes on them.
        """
        placed = self.place(num_samples, generator)
        return self.draw(placed, num_samples), placed

    def place(self, num_samples: int, generator: torch.Generator) -> PlacedShapes:
        """Draw the positions of shapes; see `sample`."""
        chosen = torch.multinomial(self.combination_weights, num_samples, replacement=True, generator=generator)
        rows, columns = (
            torch.stack([_uniform(getattr(shape, axis), num_samples, generator) for shape in self.shapes], dim=1)
            for axis in ("rows", "columns")
        )
        own = torch.arange(NUM_COLUMNS).expand(num_samples, -1)
        if not self.has_column_rule:
            own = torch.rand(num_samples, NUM_COLUMNS, generator=generator).argsort(dim=1)
        image, shape = COMBINATIONS[chosen].nonzero(as_tuple=True)
        column = own[image, shape] * self.column_width + columns[image, shape]
        return PlacedShapes(image, shape, rows[image, shape], column)

    def draw(self, placed: PlacedShapes, num_images: int, is_cut: bool = True) -> Tensor:
        """Draw shapes, white on black.

        Args:
            placed: The shapes; any number per image, anywhere.
            num_images: Number N of images.
            is_cut: Cut each shape at the edges of its anchor's column, as in the data.

        Returns:
            (N, 1, S, S) uint8, 0 or 255.
        """
        size, device = self.image_size, placed.row.device
        images = torch.zeros(num_images, size * size, dtype=torch.uint8, device=device)
        for number, shape in enumerate(self.shapes):
            own = placed[placed.shape == number]
            pixels = shape.pixels.to(device)
            row = own.row[:, None] + pixels[:, 0]
            column = own.column[:, None] + pixels[:, 1]
            left, right = torch.zeros_like(own.column), torch.full_like(own.column, size)
            if is_cut:
                left = own.column // self.column_width * self.column_width
                right = left + self.column_width
            bottom = self.canvas_height if is_cut else size
            is_seen = (row >= 0) & (row < bottom) & (column >= left[:, None]) & (column < right[:, None])
            image = own.image[:, None].expand_as(row)
            images[image[is_seen], (row * size + column)[is_seen]] = WHITE
        return images.reshape(num_images, 1, size, size)

    def displacement(self, placed: PlacedShapes) -> Tensor:
        """Distance of each shape from its allowed positions, (M,) int64 pixels, the larger of both axes."""
        device = placed.shape.device
        rows, columns = (torch.tensor([getattr(each, axis) for each in self.shapes]) for axis in ("rows", "columns"))
        lefts = self.column_width * torch.arange(NUM_COLUMNS)
        lows, highs = (columns[:, None, end] + lefts for end in (0, 1))  # (shapes, columns of the image)
        if self.has_column_rule:
            lows, highs = (ends.diagonal()[:, None] for ends in (lows, highs))
        across = _outside(placed.column[:, None], lows.to(device)[placed.shape], highs.to(device)[placed.shape])
        along = _outside(placed.row, *rows.to(device)[placed.shape].unbind(1))
        return torch.maximum(along, across.min(1).values)

    def _check(self) -> None:
        for shape in self.shapes:
            for axis, (low, high) in (("rows", shape.rows), ("columns", shape.columns)):
                if low > high:
                    raise ConfigurationError(
                        f"SimpleShapes: expected room for a {shape.name} of {len(shape)} pixels in a column of "
                        f"{self.column_width} by {self.canvas_height}, got no {axis} to place it; use a larger "
                        f"image_size than {self.image_size} or a smaller area than {self.area:g}"
                    )
        for first, second in ((TRIANGLE, SQUARE), (TRIANGLE, PENTAGON), (SQUARE, PENTAGON)):
            num_different = num_different_pixels(self.shapes[first], self.shapes[second])
            if num_different < MIN_DIFFERENT_PIXELS:
                raise ConfigurationError(
                    f"SimpleShapes: expected a {NAMES[first]} and a {NAMES[second]} that differ by at least "
                    f"{MIN_DIFFERENT_PIXELS} pixels, got {num_different}; use a larger image_size than "
                    f"{self.image_size} or a larger area than {self.area:g}"
                )


def num_different_pixels(first: Shape, second: Shape) -> int:
    """Number of differing pixels of two shapes in their best overlay."""
    own = {tuple(pixel) for pixel in first.pixels.tolist()}
    reach = range(-int(first.pixels.abs().max()) - 1, int(first.pixels.abs().max()) + 2)
    offsets = torch.cartesian_prod(torch.tensor(reach), torch.tensor(reach))
    overlaps = (len(own & {tuple(pixel) for pixel in (second.pixels + offset).tolist()}) for offset in offsets)
    return len(first) + len(second) - 2 * max(overlaps)


def _make_shapes(area: float, width: int, height: int) -> tuple[Shape, ...]:
    """The three shapes of an area, with the anchors that the authors' generator draws."""
    square = int(math.sqrt(area))
    triangle = int(math.sqrt(4 * area / math.sqrt(3)))
    pentagon = int(math.sqrt(4 * area / math.sqrt(5 * (5 + 2 * math.sqrt(5)))))
    turns = [math.radians(72 * corner) for corner in range(1, 6)]
    outlines = (
        [(0.0, 0.0), (triangle, 0.0), (triangle // 2, int(triangle * math.sqrt(3) / 2))],
        [(0.0, 0.0), (square, 0.0), (square, square), (0.0, square)],
        [(pentagon * math.cos(turn), -pentagon * math.sin(turn)) for turn in turns],
    )
    margins = ((0, triangle), (1, 2 * square), (pentagon, pentagon))
    return tuple(
        Shape(name, _filled(outline), (before, height - after), (before, width - after))
        for name, outline, (before, after) in zip(NAMES, outlines, margins, strict=True)
    )


def _filled(outline: list[tuple[float, float]]) -> Tensor:
    """Pixels of a polygon with its outline, (P, 2) row and column, around the origin."""
    reach = 2 + math.ceil(max(abs(value) for corner in outline for value in corner))
    image = Image.new("L", (2 * reach + 1, 2 * reach + 1))
    ImageDraw.Draw(image).polygon([(x + reach, y + reach) for x, y in outline], fill=WHITE, outline=WHITE)
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).reshape(2 * reach + 1, -1)
    return pixels.nonzero() - reach


def _uniform(ends: tuple[int, int], num_draws: int, generator: torch.Generator) -> Tensor:
    return torch.randint(ends[0], ends[1] + 1, (num_draws,), generator=generator)


def _outside(value: Tensor, low: Tensor, high: Tensor) -> Tensor:
    return torch.maximum(low - value, value - high).clamp(min=0)
