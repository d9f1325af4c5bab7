"""Does a U-Net place images with two squares between those with one square high and those with one low?

The paper shows a t-SNE of the bottleneck in which they are (figure 15). A t-SNE plot proves little, so here it is
measured in feature space: how many images with two squares have both groups of single squares among their nearest
neighbours. Images with a square and another shape, which the data contain, are the baseline. Two spaces without
learning are compared: the noised pixels, and the bottleneck of the same network with initial weights.

Noise levels, numbers and the measure are ours; the paper gives none.
"""

import copy
from collections.abc import Callable, Iterator, Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.data.images import noised_images
from lightning_modeinterp.data.probe import Probe, Subject
from lightning_modeinterp.data.shapes.distribution import SimpleShapes
from lightning_modeinterp.data.shapes.height_groups import (
    HEIGHT_GROUPS,
    HIGH,
    LOW,
    MIDDLE,
    OTHER,
    TWO,
    HeightGroups,
    height_groups,
)
from lightning_modeinterp.denoisers import UNet
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics.functional import neighbours_of_both
from lightning_modeinterp.records import NoiseLevel

NOISE_TO_SIGNAL = (0.25, 1.0, 2.0)
NUM_EACH = 200
BATCH = 50
ASKED = {"two": TWO, "other": OTHER, "middle": MIDDLE}

Space = Callable[[Tensor, NoiseLevel], Tensor]
"""Maps noised images (B, 1, S, S) at one level (1,) to features (B, ...)."""


class Bottleneck(Probe):
    """Measure how many images have single squares of both heights among their nearest neighbours.

    ``between/<space>/<images>/<sigma/alpha>`` is the share: in the spaces ``bottleneck``, ``fresh`` (the same with
    initial weights) and ``pixels``; for images with ``two`` squares, with a square and an ``other`` shape, and with
    one in the ``middle``. The figure ``bottleneck`` is its t-SNE. Nothing for networks that are not a `UNet`.

    Args:
        distribution: The data.
        num_each: Number of images per group.
    """

    names = ("between",)

    def __init__(self, distribution: SimpleShapes, num_each: int = NUM_EACH) -> None:
        self.distribution = distribution
        self.num_each = num_each

    def measure(self, subject: Subject) -> dict[str, float]:
        """Measure in each space, at each level that the noise schedule reaches."""
        if not isinstance(subject.denoiser, UNet):
            return {}
        values: dict[str, float] = {}
        made, spaces = self._images(), _spaces(subject.denoiser, subject.device)
        for noise, x_t, level in _noised(subject, made.images):
            for name, space in spaces.items():
                shares = shares_between(features(space, x_t, level), made.group)
                values |= {f"between/{name}/{images}/{noise:g}": share for images, share in shares.items()}
        return values

    def figures(self, subject: Subject) -> Iterator[tuple[str, Figure]]:
        """Draw the t-SNE of the bottleneck, one panel per noise level."""
        if not isinstance(subject.denoiser, UNet):
            return
        made, space = self._images(), subject.denoiser.bottleneck
        shown = made.group <= TWO
        images, group = made.images[shown], made.group[shown]
        panels = {
            f"sigma / alpha {noise:g}": figures.EmbeddedPoints(_embedded(features(space, x_t, level)), group, images)
            for noise, x_t, level in _noised(subject, images)
        }
        if panels:
            yield "bottleneck", figures.embedding(panels, HEIGHT_GROUPS[: TWO + 1], "t-SNE of the U-Net's bottleneck")

    def _images(self) -> HeightGroups:
        return height_groups(self.distribution, self.num_each, keyed_generator(0, "height groups", 0))


def shares_between(points: Tensor, group: Tensor, num_neighbours: int = 20) -> dict[str, float]:
    """Shares of images whose nearest single squares are both high and low, by the name of the images.

    Args:
        points: (N, F), one point per image.
        group: (N,), as in `HEIGHT_GROUPS`.
        num_neighbours: Number of neighbours.
    """
    high, low = points[group == HIGH], points[group == LOW]
    return {
        name: neighbours_of_both(points[group == number], high, low, num_neighbours).double().mean().item()
        for name, number in ASKED.items()
    }


def features(space: Space, x_t: Tensor, level: NoiseLevel) -> Tensor:
    """Features of each image on the CPU, each standardised over the images, (N, F).

    Args:
        space: The feature space.
        x_t: Noised images, (N, 1, S, S), model units.
        level: Their level, (1,).
    """
    with torch.inference_mode():
        flat = torch.cat([space(part, level).flatten(1).float().cpu() for part in torch.split(x_t, BATCH)])
    return (flat - flat.mean(0)) / flat.std(0).clamp(min=1e-6)


def _noised(subject: Subject, images: Tensor) -> Iterator[tuple[float, Tensor, NoiseLevel]]:
    """Images at each level that the schedule reaches: sigma / alpha, x_t and the level."""
    schedule = subject.noise_schedule
    for noise in filter(schedule.reaches, NOISE_TO_SIGNAL):
        yield noise, *noised_images(images, schedule, noise, "height groups", subject.device)


def _spaces(network: UNet, device: torch.device) -> Mapping[str, Space]:
    """The bottleneck, and the spaces it is compared with."""
    fresh = _fresh(network, device)
    return {"bottleneck": network.bottleneck, "fresh": fresh.bottleneck, "pixels": lambda x_t, level: x_t}


def _fresh(network: UNet, device: torch.device) -> UNet:
    """The same network with initial weights."""
    fresh = copy.deepcopy(network)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
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
