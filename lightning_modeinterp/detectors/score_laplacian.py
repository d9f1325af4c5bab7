"""Curvature of the learned log-density at a final sample."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lightning_modeinterp.detectors.base import EndPointScore
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import expand
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.errors import ConfigurationError


class ScoreLaplacian(EndPointScore):
    """Divergence of the learned score at the sample, which is the Laplacian of the learned log-density there.

    At ``x_t = alpha x_0``, without added noise, in d dimensions:

        div score = tr(d score / d x_t) = (alpha tr(d x_0_hat / d x_t) - d) / sigma^2

    The trace is exact: one forward pass and d backward passes, one per coordinate. On a mode of width s it is about
    ``-d / (alpha^2 s^2 + sigma^2)``.

    It is positive between modes almost by construction: a log-density is convex somewhere between two of its peaks. So
    if a hallucination *is* a sample between modes, it partly restates the label, and good detection by it means less
    than by trajectory variance, which does not depend on the position.

    Args:
        noise_to_signal: The level, as sigma / alpha; within the noise schedule's range.
        max_dimensions: Maximum d, since it costs d passes through the model; more is refused.
    """

    def __init__(self, noise_to_signal: float, max_dimensions: int = 64) -> None:
        self.noise_to_signal = noise_to_signal
        self.max_dimensions = max_dimensions

    def check(self, schedule: NoiseSchedule, sample_shape: Sequence[int]) -> None:
        """See `EndPointScore.check`; the level has to be within the schedule's range, and d at most the maximum."""
        schedule.level_at(self.noise_to_signal)
        self._check_dimensions(torch.Size(sample_shape).numel())

    def score(self, x_0: Tensor, predict_x_0: PredictX0, schedule: NoiseSchedule) -> Tensor:
        """See `EndPointScore.score`; 1 / model units squared, of either sign."""
        self._check_dimensions(x_0[0].numel())
        with torch.inference_mode(False), torch.enable_grad():
            level = schedule.level_at(self.noise_to_signal).to(x_0.device, x_0.dtype)
            alpha, sigma = level.alpha.double(), level.sigma.double()
            trace = _trace(lambda x_t: predict_x_0(x_t, level), expand(level.alpha, x_0) * x_0.clone())
            score: Tensor = (alpha * trace - x_0[0].numel()) / sigma.square()
        return score.detach()

    def _check_dimensions(self, dimensions: int) -> None:
        if dimensions > self.max_dimensions:
            raise ConfigurationError(
                f"ScoreLaplacian: expected samples of at most {self.max_dimensions} numbers, got {dimensions}, each of "
                "which costs a pass through the model; remove it, or raise max_dimensions if you mean it"
            )


def _trace(model: Callable[[Tensor], Tensor], x_t: Tensor) -> Tensor:
    """Trace of the model's Jacobian at each sample, (B,) float64; the samples have to be independent."""
    x_t = x_t.detach().requires_grad_()
    x_0_hat = model(x_t).flatten(1)
    trace = torch.zeros(len(x_t), dtype=torch.float64, device=x_t.device)
    for i in range(x_0_hat.shape[1]):
        (gradient,) = torch.autograd.grad(x_0_hat[:, i].sum(), x_t, retain_graph=True)
        trace += gradient.flatten(1)[:, i].double()
    return trace
