"""Alternatives to the mean over pixels for the variance of an image, over every window at once.

The mean grows with the amount of content that can move. If only a small part of an image moves, other summaries are
better:

    mean                the trajectory variance
    max, q0.99, ...     quantiles over the pixels
    top_64, ...         mean over the 64 pixels that move most, as many as a shape has
    columns             largest mean over one of several vertical strips of equal width
    components          largest mean over one of the objects on the final image: patches of bright pixels that
                        are connected along their sides
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.trajectories.window_sweep import SweepMoments, WindowSweep


class VarianceSummaries(WindowSweep):
    """Summaries of the variance of x_0_hat over every window between the edges.

    A window or a summary that was chosen on some samples has to be evaluated on others.

    Args:
        noise_to_signal: The edges of the windows, increasing; at least two.
        quantiles: Quantile levels in (0, 1]; 1 is the maximum.
        largest: Numbers of pixels, >= 1; all pixels if there are fewer.
        num_columns: Number of vertical strips. No strips if None.
        has_components: Whether to use the components of images, (channels, height, width) in [-1, 1], where bright is
            above 0. An image without any has 0.

    Raises:
        ConfigurationError: For edges that do not increase, invalid quantiles, or no pixels.
    """

    def __init__(
        self,
        noise_to_signal: Sequence[float],
        quantiles: Sequence[float] = (1.0, 0.99),
        largest: Sequence[int] = (64,),
        num_columns: int | None = 3,
        has_components: bool = False,
    ) -> None:
        super().__init__(noise_to_signal)
        self.quantiles, self.largest, self.num_columns = tuple(quantiles), tuple(largest), num_columns
        self.has_components = has_components
        is_wrong = not all(0 < share <= 1 for share in quantiles) or min(self.largest, default=1) < 1
        if is_wrong or (num_columns is not None and num_columns < 1):
            raise ConfigurationError(
                "VarianceSummaries: expected quantiles in (0, 1], numbers of pixels >= 1 and num_columns >= 1 or null, "
                f"got {list(quantiles)}, {list(largest)} and {num_columns}"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the K summaries, in the order of the result's last axis."""
        quantiles = ("max" if share == 1 else f"q{share:g}" for share in self.quantiles)
        columns = ("columns",) if self.num_columns else ()
        components = ("components",) if self.has_components else ()
        return ("mean", *quantiles, *(f"top_{number}" for number in self.largest), *columns, *components)

    def check(self, levels: NoiseLevel, sample_shape: Sequence[int]) -> None:
        """See `TrajectoryObserver.check`; components need images."""
        super().check(levels, sample_shape)
        if self.has_components and len(sample_shape) != 3:
            raise ConfigurationError(
                "VarianceSummaries.has_components: expected images (channels, height, width), got samples of shape "
                f"{tuple(sample_shape)}; set it to false"
            )

    def update(self, state: SweepMoments, step: SamplingStep) -> SweepMoments:
        """See `TrajectoryObserver.update`."""
        state = super().update(state, step)
        return replace(state, last=step.x_0_hat) if self.has_components and step.index == 0 else state

    def result(self, state: SweepMoments) -> Tensor:
        """Summaries of each sample in each window, (B, W, K) float64, model units squared; see `windows`, `names`."""
        variances = self.variances(state)
        summaries = torch.stack([self._summarise(variance) for variance in variances], dim=1)
        if state.last is None:
            return summaries
        label = components_of(state.last)
        components = torch.stack([most_restless(variance, label) for variance in variances], dim=1)
        return torch.cat([summaries, components[..., None]], dim=2)

    def _summarise(self, variance: Tensor) -> Tensor:
        """Summaries (B, K) of variances (B, *sample_shape)."""
        flat = variance.flatten(1)
        falling = flat.sort(dim=1, descending=True).values
        places = [_place(share, flat.shape[1]) for share in self.quantiles]
        summaries = [flat.mean(1), *(falling[:, place] for place in places)]
        summaries += [falling[:, :number].mean(1) for number in self.largest]
        if self.num_columns:
            strips = torch.tensor_split(variance, min(self.num_columns, variance.shape[-1]), dim=-1)
            summaries.append(torch.stack([strip.flatten(1).mean(1) for strip in strips]).amax(0))
        return torch.stack(summaries, dim=1)


def _place(share: float, number: int) -> int:
    """Rank of a quantile among ``number`` values, 0 for the largest; the upper one if it is between two.

    In decimal arithmetic: of 11 values q0.9 is the second, but in floats ``(1 - 0.9) * 10`` is less than 1.
    """
    return int((1 - Fraction(str(share))) * (number - 1))


def components_of(images: Tensor) -> Tensor:
    """Label the patches of bright pixels connected along their sides, from 1 over all images; 0 elsewhere.

    Args:
        images: (B, C, H, W) in [-1, 1]; a pixel is bright if its mean over channels is above 0.

    Returns:
        (B, H, W) int64, on the CPU.
    """
    within_an_image = np.zeros((3, 3, 3), dtype=bool)
    within_an_image[1] = ndimage.generate_binary_structure(2, 1)
    label, _ = ndimage.label((images.float().mean(1) > 0).numpy(force=True), within_an_image)
    return torch.from_numpy(label).long()


def most_restless(variance: Tensor, label: Tensor) -> Tensor:
    """The largest mean variance over one of an image's components, (B,) float64; 0 if there is none.

    Args:
        variance: (B, C, H, W), on any device.
        label: (B, H, W) int64, on the CPU; see `components_of`.
    """
    where = label.flatten()
    total = torch.bincount(where, variance.double().mean(1).flatten().cpu())  # on a GPU its sums have no fixed order
    mean = total / torch.bincount(where).clamp(min=1)
    mean[0] = 0.0
    return mean[label].flatten(1).amax(1).to(variance.device)
