"""Where images with two squares lie in the bottleneck of the U-Net: between those with one square high and one low?

    python benchmarks/shapes_tsne.py runs/shapes_cpu/seed_0

The paper shows a t-SNE of the bottleneck on which images with two squares lie between images with a single square high
and a single square low. A picture of t-SNE proves little, so beside it stands a number in the space of the features
themselves: of the nearest neighbours of an image with two squares among the single squares, the share that are high,
and how often *both* sides are among them. By chance, in a space that knows nothing of height, half are high. Two
controls are judged the same way: images of one square and another shape, and single squares in the middle. What a
network has learned shows against two spaces that have learned nothing: the noised pixels themselves, and the bottleneck
of the same network with random weights.

Images are composed: a square in the upper third, in the lower third, one in each, one of either with a triangle or
pentagon. They are noised to each level with noise of their own and the features are flattened. Neighbours are by
Euclidean distance of standardised features.
"""

import argparse
import copy
from collections.abc import Callable
from pathlib import Path

import torch
from interleaved import publish, table
from samples import trained
from sklearn.manifold import TSNE
from torch import Tensor

from lightning_modeinterp.datamodules import SimpleShapesDataModule
from lightning_modeinterp.datasets.simple_shapes import to_model_units
from lightning_modeinterp.denoisers import UNet
from lightning_modeinterp.diffusion.keyed_noise import keyed_generator
from lightning_modeinterp.diffusion.parameterization import noised
from lightning_modeinterp.distributions import PlacedShapes, SimpleShapes
from lightning_modeinterp.distributions.simple_shapes import PENTAGON, SQUARE, TRIANGLE
from lightning_modeinterp.figures import EmbeddedPoints, embedding, save_figure
from lightning_modeinterp.modules import DDPM
from lightning_modeinterp.records import NoiseLevel

RESULTS = Path("docs/results/shapes")
NOISE_TO_SIGNAL = (0.25, 1.0, 2.0)
NUM_EACH = 300
NUM_NEIGHBOURS = 20
HIGH, LOW, TWO, OTHER, MIDDLE = range(5)
GROUPS = ("one square high", "one square low", "two squares", "square and another", "one square in the middle")


def third_of(distribution: SimpleShapes, shape: int, third: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Uniform anchors of a shape in the upper (0), middle (1) or lower (2) third of its rows; row and column, (N,)."""
    made = distribution.shapes[shape]
    first, last = made.rows
    height = (last - first + 1) // 3
    row = first + third * height + torch.randint(height, (NUM_EACH,), generator=generator)
    place = torch.randint(made.columns[0], made.columns[1] + 1, (NUM_EACH,), generator=generator)
    return row, shape * distribution.column_width + place


def compose(distribution: SimpleShapes) -> tuple[Tensor, Tensor]:
    """Images (5 N, 1, S, S) uint8 and the group of each."""
    generator = keyed_generator(0, "tsne", 0)
    number = torch.arange(NUM_EACH)

    def placed(group: int, shape: int, third: int) -> PlacedShapes:
        row, column = third_of(distribution, shape, third, generator)
        return PlacedShapes(group * NUM_EACH + number, torch.full_like(number, shape), row, column)

    parts = [placed(HIGH, SQUARE, 0), placed(LOW, SQUARE, 2), placed(TWO, SQUARE, 0), placed(TWO, SQUARE, 2)]
    parts.append(placed(MIDDLE, SQUARE, 1))
    is_first = number < NUM_EACH // 2  # half have the square high and the other shape low, half the other way round
    for first, second in ((0, 2), (2, 0)):
        own = is_first if first == 0 else ~is_first
        parts.append(placed(OTHER, SQUARE, first)[own])
        for shape, parity in ((TRIANGLE, 0), (PENTAGON, 1)):
            parts.append(placed(OTHER, shape, second)[own & (number % 2 == parity)])
    images = distribution.draw(PlacedShapes.joined(parts), len(GROUPS) * NUM_EACH)
    return images, torch.arange(len(GROUPS)).repeat_interleave(NUM_EACH)


Space = Callable[[Tensor, NoiseLevel], Tensor]
"""Features of noised images at one level."""


def spaces(network: UNet) -> dict[str, Space]:
    """The bottleneck, and what it is compared with."""
    fresh = copy.deepcopy(network)
    torch.manual_seed(0)
    for part in fresh.modules():
        if hasattr(part, "reset_parameters"):
            part.reset_parameters()
    return {"bottleneck": network.bottleneck, "random weights": fresh.bottleneck, "pixels": lambda x_t, level: x_t}


def features(space: Space, x_t: Tensor, level: NoiseLevel) -> Tensor:
    """Features of each image, standardised over images, (N, F)."""
    with torch.inference_mode():
        flat = torch.cat([space(part, level).flatten(1) for part in torch.split(x_t, 50)])
    return (flat - flat.mean(0)) / flat.std(0).clamp(min=1e-6)


def of_group(space: str, noise: float, points: Tensor, group: Tensor, asked: int) -> dict[str, object]:
    """Of the nearest single squares, high or low, of the images of a group.

    ``high`` is the mean share of high ones, ``both`` the share of images whose neighbours come from both sides (at
    least a quarter from either), ``half`` the half-width of its 95 % interval.
    """
    single = (group == HIGH) | (group == LOW)
    nearest = torch.cdist(points[group == asked], points[single]).topk(NUM_NEIGHBOURS, largest=False).indices
    share = (group[single] == HIGH)[nearest].double().mean(1)
    both = ((share >= 0.25) & (share <= 0.75)).double().mean().item()
    half = 1.96 * (both * (1 - both) / len(share)) ** 0.5
    found = {"high": share.mean().item(), "both": both, "half": half}
    return {"space": space, "sigma / alpha": noise, "images": GROUPS[asked], **found}


def main(run: Path, out: Path) -> None:
    """Write `tsne.md`, `tsne.json` and `tsne.png`."""
    module, data = trained(run)
    assert isinstance(module, DDPM)
    assert isinstance(module.denoiser, UNet)
    assert isinstance(data, SimpleShapesDataModule)
    images, group = compose(data.distribution)
    x_0, rows, panels = to_model_units(images), [], {}
    for noise in NOISE_TO_SIGNAL:
        level = module.noise_schedule.level_at(noise).to(dtype=torch.float32)
        eps = torch.randn(x_0.shape, generator=keyed_generator(0, f"tsne/{noise}", 0))
        x_t = noised(x_0, eps, level)
        for name, space in spaces(module.denoiser).items():
            rows += [of_group(name, noise, features(space, x_t, level), group, asked) for asked in (TWO, OTHER, MIDDLE)]
        points = features(module.denoiser.bottleneck, x_t, level)
        shown = group <= TWO
        embedded = TSNE(random_state=0, init="pca").fit_transform(points[shown].numpy())
        panels[f"sigma / alpha {noise:g}"] = EmbeddedPoints(torch.from_numpy(embedded), group[shown], images[shown])
    body = [
        [
            row["space"],
            row["sigma / alpha"],
            row["images"],
            f"{row['high']:.2f}",
            f"{row['both']:.2f} +- {row['half']:.2f}",
        ]
        for row in rows
    ]
    header = [
        "space",
        "sigma / alpha",
        "images",
        "high among the nearest single squares",
        "with both sides among them [95 %]",
    ]
    save_figure(embedding(panels, GROUPS[:3], "t-SNE of the U-Net's bottleneck"), out / "tsne.png")
    settings = {"run": run.name, "images of each kind": NUM_EACH, "neighbours": NUM_NEIGHBOURS}
    publish("tsne", settings, rows, table(header, body), out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="run directory of a fit on Simple Shapes")
    parser.add_argument("--out", type=Path, default=RESULTS)
    main(**vars(parser.parse_args()))
