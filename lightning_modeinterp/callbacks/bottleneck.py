"""Where a U-Net takes images with two squares to lie: between those with one square high and those with one low?

The paper shows a t-SNE of the bottleneck in which they do (figure 15). A picture of t-SNE proves little, so the
question is asked in the space of the features themselves: how many images with two squares have both groups of single
squares among their nearest neighbours. Images with a square and another shape, which the data hold, say what that
number is where nothing lies between. And what the network has learned shows against two spaces that have learned
nothing: the noised pixels themselves, and the bottleneck of the same network with fresh weights.

Noise levels, numbers and the measure are ours; the paper gives none.
"""

import copy
from collections.abc import Callable, Iterator, Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.callbacks.noised_images import noised_images
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.shapes import HEIGHT_GROUPS, HeightGroups, SimpleShapesDataModule, height_groups
from lightning_modeinterp.data.shapes.height_groups import HIGH, LOW, MIDDLE, OTHER, TWO
from lightning_modeinterp.denoisers import UNet
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics.functional import neighbours_of_both
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.records import NoiseLevel

NOISE_TO_SIGNAL = (0.25, 1.0, 2.0)
NUM_EACH = 200
BATCH = 50
ASKED = {"two": TWO, "other": OTHER, "middle": MIDDLE}

Space = Callable[[Tensor, NoiseLevel], Tensor]
"""From noised images (B, 1, S, S) at one level (1,) to features (B, ...)."""


def between_heights(module: DiffusionModule, data: ModeInterpDataModule, num_each: int = NUM_EACH) -> dict[str, float]:
    """Measure how many images have single squares of both heights among their nearest neighbours.

    Args:
        module: The model.
        data: Its data.
        num_each: Number of images of a group.

    Returns:
        ``between/<space>/<images>/<sigma/alpha>``, the share: of the spaces ``bottleneck``, ``fresh`` (the same with
        fresh weights) and ``pixels``; for images with ``two`` squares, with a square and an ``other`` shape, and with
        one in the ``middle``. Empty for data that are not Simple Shapes and for networks that are not a `UNet`.
    """
    values: dict[str, float] = {}
    made = _made(module, data, num_each)
    for noise, x_t, level in _noised(module, made):
        for name, space in _spaces(module).items():
            shares = shares_between(features(space, x_t, level), made.group)
            values |= {f"between/{name}/{images}/{noise:g}": share for images, share in shares.items()}
    return values


def shares_between(points: Tensor, group: Tensor, num_neighbours: int = 20) -> dict[str, float]:
    """Shares of the images in question whose nearest single squares are high and low, by the name of the images.

    Args:
        points: (N, F), a point an image.
        group: (N,), as in `HEIGHT_GROUPS`.
        num_neighbours: How many neighbours are looked at.
    """
    high, low = points[group == HIGH], points[group == LOW]
    return {
        name: neighbours_of_both(points[group == number], high, low, num_neighbours).double().mean().item()
        for name, number in ASKED.items()
    }


def bottleneck_figures(
    module: DiffusionModule, data: ModeInterpDataModule, num_each: int = NUM_EACH
) -> Iterator[tuple[str, Figure]]:
    """Name and draw the t-SNE of the bottleneck, a panel a noise level; nothing for other data and networks."""
    made = _made(module, data, num_each)
    shown = made.group <= TWO
    panels = {
        f"sigma / alpha {noise:g}": figures.EmbeddedPoints(
            _embedded(features(_spaces(module)["bottleneck"], x_t, level)), made.group[shown], made.images[shown]
        )
        for noise, x_t, level in _noised(module, HeightGroups(made.images[shown], made.group[shown]))
    }
    if panels:
        yield "bottleneck", figures.embedding(panels, HEIGHT_GROUPS[: TWO + 1], "t-SNE of the U-Net's bottleneck")


def features(space: Space, x_t: Tensor, level: NoiseLevel) -> Tensor:
    """Features of each image on the CPU, each standardised over the images, (N, F).

    Args:
        space: Where to look.
        x_t: Noised images, (N, 1, S, S), model units.
        level: Their level, (1,).
    """
    with torch.inference_mode():
        flat = torch.cat([space(part, level).flatten(1).float().cpu() for part in torch.split(x_t, BATCH)])
    return (flat - flat.mean(0)) / flat.std(0).clamp(min=1e-6)


def _made(module: DiffusionModule, data: ModeInterpDataModule, num_each: int) -> HeightGroups:
    """The images; none where the question has no meaning."""
    if not isinstance(module.denoiser, UNet) or not isinstance(data, SimpleShapesDataModule):
        return HeightGroups(torch.empty(0), torch.empty(0))
    return height_groups(data.distribution, num_each, keyed_generator(0, "height groups", 0))


def _noised(module: DiffusionModule, made: HeightGroups) -> Iterator[tuple[float, Tensor, NoiseLevel]]:
    """The images at each level that the schedule reaches: sigma / alpha, x_t and the level."""
    schedule = module.noise_schedule
    for noise in NOISE_TO_SIGNAL:
        if len(made.images) and schedule.reaches(noise):
            yield noise, *noised_images(made.images, schedule, noise, "height groups", module.device)


def _spaces(module: DiffusionModule) -> Mapping[str, Space]:
    """The bottleneck, and what it is compared with; none where there is no bottleneck."""
    network = module.denoiser
    if not isinstance(network, UNet):
        return {}
    return {"bottleneck": network.bottleneck, "fresh": _fresh(network).bottleneck, "pixels": lambda x_t, level: x_t}


def _fresh(network: UNet) -> UNet:
    """The same network with weights as before any training."""
    fresh = copy.deepcopy(network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for part in fresh.modules():
            if callable(reset := getattr(part, "reset_parameters", None)):
                reset()
    return fresh


def _embedded(points: Tensor) -> Tensor:
    """Two t-SNE coordinates of each point, (N, 2)."""
    from sklearn.manifold import TSNE  # takes a second to import

    perplexity = min(30.0, (len(points) - 1) / 3)
    return torch.from_numpy(TSNE(random_state=0, init="pca", perplexity=perplexity).fit_transform(points.numpy()))
