"""How well the oracle of Simple Shapes counts: on composed images, and on images that a network has denoised once.

    python benchmarks/shapes_oracle.py [RUN_DIR]

Composed images of every kind are drawn at random places: data, two of a shape, a shape in another's column, pairs that
touch, shapes cut off, half of one shape and half of another, nothing; each clean, blurred (a Gaussian of one pixel) and
noised (a tenth of white). With the run directory of a fit on Simple Shapes, its network denoises test images once from
known noise levels, where the truth of each image is known but the network may have got it wrong: what is counted as
other than the truth is an error of either.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from interleaved import publish, table
from samples import fit_directory, trained
from scipy.ndimage import gaussian_filter
from torch import Tensor

from lightning_modeinterp.data.images import to_data_units, to_model_units
from lightning_modeinterp.data.shapes import (
    PlacedShapes,
    ShapeCount,
    SimpleShapes,
    SimpleShapesDataModule,
    exclusion_pairs,
)
from lightning_modeinterp.diffusion.parameterization import noised

RESULTS = Path("docs/results/shapes")
NUM_IMAGES = 1_000
NOISE_TO_SIGNAL = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
DISTURBANCES = ("clean", "blurred", "noised")


def generator() -> torch.Generator:
    """The same draws each time."""
    return torch.Generator().manual_seed(0)


def disturbed(images: Tensor, how: str) -> Tensor:
    """Images as floats, with a disturbance."""
    values = images.float()
    if how == "blurred":
        return torch.from_numpy(gaussian_filter(values.numpy(), (0, 0, 1, 1)))
    return values if how == "clean" else values + 25.5 * torch.randn(values.shape, generator=generator())


def doubled(shapes: SimpleShapes) -> Tensor:
    """A shape twice, in its own column."""
    return exclusion_pairs(shapes, NUM_IMAGES, generator()).forbidden


def in_another_column(shapes: SimpleShapes) -> Tensor:
    """One shape, in a column of another."""
    image, width = torch.arange(NUM_IMAGES), shapes.column_width
    shape = image % 3
    own = (shape + 1 + (image // 3) % 2) % 3
    place = width // 2 - 4 + torch.tensor([-2, 0, 4])[shape]  # anchors: left corner, left corner, centre
    row = torch.randint(8, shapes.image_size - 16, (NUM_IMAGES,), generator=generator())
    return shapes.draw(PlacedShapes(image, shape, row, own * width + place), NUM_IMAGES, is_cut=False)


def cut_off(shapes: SimpleShapes) -> Tensor:
    """A third of a shape beyond the upper edge of the image."""
    image = torch.arange(NUM_IMAGES)
    shape = image % 3
    tops = torch.tensor([int(each.pixels[:, 0].min()) for each in shapes.shapes])
    heights = torch.tensor([int(each.pixels[:, 0].max() - each.pixels[:, 0].min()) + 1 for each in shapes.shapes])
    row = -tops[shape] - (heights[shape] + 2) // 3
    column = shape * shapes.column_width + torch.tensor([each.columns[0] + 1 for each in shapes.shapes])[shape]
    return shapes.draw(PlacedShapes(image, shape, row, column), NUM_IMAGES, is_cut=False)


def half_and_half(shapes: SimpleShapes) -> Tensor:
    """The left half of one shape and the right half of another, about the same centre."""
    image = torch.arange(NUM_IMAGES)
    first, second = image % 3, (image + 1 + (image // 3) % 2) % 3
    centre = torch.tensor([each.pixels.double().mean(0).round().tolist() for each in shapes.shapes]).long()
    middle = torch.tensor([shapes.image_size // 2, shapes.image_size // 2])
    halves = []
    for shape in (first, second):
        row, column = (middle - centre[shape]).T
        halves.append(shapes.draw(PlacedShapes(image, shape, row, column), NUM_IMAGES, is_cut=False))
    left = torch.arange(shapes.image_size) < middle[1]
    return torch.where(left, halves[0], halves[1])


CASES: dict[str, tuple[str, Callable[[SimpleShapes], Tensor]]] = {
    "data": ("in_support", lambda shapes: shapes.sample(NUM_IMAGES, generator())[0]),
    "two of a shape": ("repeated", doubled),
    "a shape in another's column": ("misplaced", in_another_column),
    "a third cut off": ("malformed", cut_off),
    "half of one, half of another": ("malformed", half_and_half),
    "nothing": ("empty", lambda shapes: torch.zeros(NUM_IMAGES, 1, shapes.image_size, shapes.image_size)),
}


def shares(oracle: ShapeCount, images: Tensor) -> dict[str, float]:
    """Share of each kind, in the oracle's order."""
    counts = torch.bincount(oracle.judge(images).kind.long(), minlength=len(oracle.kinds)) / len(images)
    return {kind: float(share) for kind, share in zip(oracle.kinds, counts, strict=True) if kind != "ambiguous"}


def composed(oracle: ShapeCount) -> list[dict[str, object]]:
    """Confusion of the composed images."""
    return [
        {"images": name, "truth": truth, "as": how, **shares(oracle, disturbed(make(oracle.distribution), how))}
        for name, (truth, make) in CASES.items()
        for how in DISTURBANCES
    ]


def denoised_once(run: Path) -> list[dict[str, object]]:
    """What the oracle says of test images that the run's network has denoised once."""
    module, data = trained(run)
    assert isinstance(data, SimpleShapesDataModule)
    assert isinstance(data.support, ShapeCount)
    images, placed = data.distribution.sample(NUM_IMAGES, generator())
    truth, rows = placed.counts(NUM_IMAGES), []
    x_0 = to_model_units(images)
    for noise in NOISE_TO_SIGNAL:
        level = module.noise_schedule.level_at(noise).to(dtype=torch.float32)
        x_t = noised(x_0, torch.randn(x_0.shape, generator=generator()), level)
        with torch.inference_mode():
            x_0_hat = torch.cat([module.predict_x_0(part, level) for part in torch.split(x_t, 50)])
        verdict = data.support.judge(to_data_units(x_0_hat))
        counts = torch.stack([verdict.details[name] for name in ("triangles", "squares", "pentagons")], dim=1)
        right = float((counts == truth).all(1).double().mean())
        rows.append({"noise": noise, "counts as the truth": right, **shares(data.support, to_data_units(x_0_hat))})
    return rows


def as_table(rows: list[dict[str, object]]) -> str:
    """Markdown; shares in percent."""
    body = [[f"{100 * v:.1f}" if isinstance(v, float) and k != "noise" else v for k, v in row.items()] for row in rows]
    return table([*rows[0]], body)


def main(run: Path | None, out: Path) -> None:
    """Write `oracle.json` and `oracle.md`."""
    rows = composed(ShapeCount(SimpleShapes()))
    markdown = f"Shares in percent.\n\n{as_table(rows)}"
    if run is not None:
        once = denoised_once(run)
        markdown += f"\nDenoised once from sigma / alpha:\n\n{as_table(once)}"
        rows += once
    publish("oracle", {"images": NUM_IMAGES, "run": run.name if run else "none"}, rows, markdown, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=fit_directory, nargs="?", help="run directory of a fit on Simple Shapes")
    parser.add_argument("--out", type=Path, default=RESULTS)
    main(**vars(parser.parse_args()))
