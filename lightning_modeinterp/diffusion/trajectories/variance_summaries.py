"""Other ways to make one number of the variances of an image's pixels than their mean, over every window at once.

The mean counts how much there is that can move. What is restless on an image may be a small part of it, so there are

    mean                the trajectory variance
    max, q0.99, ...     quantiles over the pixels
    top_64, ...         mean over the pixels that move most, as many as a shape has
    columns             the largest mean over one of several vertical strips of equal width
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.trajectories.window_sweep import SweepMoments, WindowSweep
from lightning_modeinterp.errors import ConfigurationError


class VarianceSummaries(WindowSweep):
    """Summaries of the variance of x_0_hat over every window between the edges.

    None of them can tell what moves: a window or a summary that was chosen on some samples has to be judged on others.

    Args:
        noise_to_signal: The edges of the windows, rising; at least two.
        quantiles: Shares in (0, 1]; 1 is the maximum.
        largest: Numbers of pixels, >= 1; all of them where there are fewer.
        num_columns: Number of vertical strips. None leaves them out.

    Raises:
        ConfigurationError: For edges that do not rise, shares that are none, or no pixels.
    """

    def __init__(
        self,
        noise_to_signal: Sequence[float],
        quantiles: Sequence[float] = (1.0, 0.99),
        largest: Sequence[int] = (64,),
        num_columns: int | None = 3,
    ) -> None:
        super().__init__(noise_to_signal)
        self.quantiles, self.largest, self.num_columns = tuple(quantiles), tuple(largest), num_columns
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
        return ("mean", *quantiles, *(f"top_{number}" for number in self.largest), *columns)

    def result(self, state: SweepMoments) -> Tensor:
        """Summaries of each sample in each window, (B, W, K) float64, model units squared; see `windows`, `names`."""
        return torch.stack([self._summarise(variance) for variance in self.variances(state)], dim=1)

    def _summarise(self, variance: Tensor) -> Tensor:
        """Of variances (B, *sample_shape), (B, K)."""
        flat = variance.flatten(1)
        falling = flat.sort(dim=1, descending=True).values
        places = [int((1 - share) * (flat.shape[1] - 1)) for share in self.quantiles]
        summaries = [flat.mean(1), *(falling[:, place] for place in places)]
        summaries += [falling[:, :number].mean(1) for number in self.largest]
        if self.num_columns:
            strips = torch.tensor_split(variance, min(self.num_columns, variance.shape[-1]), dim=-1)
            summaries.append(torch.stack([strip.flatten(1).mean(1) for strip in strips]).amax(0))
        return torch.stack(summaries, dim=1)
