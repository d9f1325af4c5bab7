"""The trajectory variance of recorded x_0_hat: one number per sample."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import variance_score
from lightning_modeinterp.trajectories import Window, trajectory_variance
from lightning_modeinterp.trajectories.window import named_windows


class TrajectoryVarianceScores(Metric):
    """Variance of recorded x_0_hat over each of several windows, for every sample, in float64.

    For loops that keep their x_0_hat. A running loop can be watched instead (`lightning_modeinterp.watch`), without
    storing trajectories. Samples of all processes are concatenated, rank after rank.

    It cannot tell a sample that moves between two modes from one that moves because of large steps: compare only
    samples of the same sampler, steps and model.

    Args:
        windows: Windows by name, at least one; a pair is the lowest and highest sigma / alpha, both included.

    Raises:
        ConfigurationError: If there is no window, or a pair is invalid.

    Example:
        >>> metric = TrajectoryVarianceScores({"late": (0.1, 0.5)})
        >>> x_0_hat = torch.tensor([[5.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]]).unsqueeze(2)
        >>> metric.update(x_0_hat, [2.0, 0.5, 0.3, 0.1])
        >>> metric.compute()
        {'variance/late': tensor([0.6667, 0.0000], dtype=torch.float64)}
    """

    full_state_update: bool | None = False
    is_differentiable: bool | None = False
    variances: list[Tensor] | Tensor  # one tensor after gathering

    def __init__(self, windows: Mapping[str, Window | tuple[float, float]]) -> None:
        super().__init__()
        if not windows:
            raise ConfigurationError("windows: expected at least one, got none; give for example {'late': (0.0, 0.5)}")
        self.windows = named_windows(windows)
        self.add_state("variances", [], dist_reduce_fx="cat")

    def update(self, x_0_hat: Tensor, noise_to_signal: Sequence[float] | Tensor | None = None) -> None:
        """Add a batch of complete trajectories.

        Args:
            x_0_hat: (S, B, *sample_shape), one per step of the reverse trajectory, noisiest first.
            noise_to_signal: sigma / alpha of each step, S decreasing numbers; for windows of noise levels.

        Raises:
            ConfigurationError: If a window holds fewer than 3 of the steps, or the levels do not fit them.
        """
        of_each = [trajectory_variance(x_0_hat, window, noise_to_signal) for window in self.windows.values()]
        self.variances = [*self.variances, torch.stack(of_each, dim=1)]

    def compute(self) -> dict[str, Tensor]:
        """The scores.

        Returns:
            ``variance/<window>``, (N,) float64 in the order of the updates, in the units of x_0_hat, squared; empty
            without updates.
        """
        variances = self.variances if isinstance(self.variances, Tensor) else torch.cat([self._none(), *self.variances])
        return dict(zip(map(variance_score, self.windows), variances.unbind(1), strict=True))

    def sync(self, *args: Any, **kwargs: Any) -> None:
        """Gather the samples of all processes; torchmetrics cannot gather a list that is empty on some of them."""
        if isinstance(self.variances, list) and not self.variances:
            self.variances = [self._none()]
        super().sync(*args, **kwargs)

    def _none(self) -> Tensor:
        return torch.zeros(0, len(self.windows), dtype=torch.float64, device=self.device)
