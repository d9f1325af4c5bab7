"""Figures of a model's score beside the true one."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.data.gaussian.exact_mixture import ExactMixture
from lightning_modeinterp.data.gaussian.learned_score import noise_levels, score, slope_ratios
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.metrics.functional import neighbours
from lightning_modeinterp.records import NoiseLevel

NUM_CURVE_POINTS = 2001
NUM_FIELD_POINTS = 161
"""Along each axis."""

FIELD_NOISE = "4_std"
"""Noise level of the 2D figure; the lowest of the schedule if that does not reach it."""


def score_figures(
    predict_x_0: PredictX0, exact: ExactMixture, schedule: NoiseSchedule, device: torch.device
) -> Iterator[tuple[str, Figure]]:
    """The figure of the score: curves for 1D data, a field for 2D data, none if no level keeps modes separate.

    Args:
        predict_x_0: The model.
        exact: The true score.
        schedule: Noise schedule of the model.
        device: Device of the model.
    """
    levels = noise_levels(schedule, exact.mixture)
    if not levels:
        return
    pair = _Pair(predict_x_0, exact, device)
    if exact.mixture.dimension == 1:
        yield "score", figures.score_curves({_words(name): pair.curve(level) for name, level in levels.items()})
    elif exact.mixture.dimension == 2:
        name = FIELD_NOISE if FIELD_NOISE in levels else next(iter(levels))
        yield "score", pair.field(levels[name], _words(name))


@dataclass(frozen=True)
class _Pair:
    """A model and the exact score."""

    predict_x_0: PredictX0
    exact: ExactMixture
    device: torch.device

    def curve(self, level: NoiseLevel) -> figures.ScoreCurve:
        modes = level.alpha * self.exact.mixture.means
        (axis,) = _axes(modes, NUM_CURVE_POINTS)
        learned, true = self._scores(axis.unsqueeze(1), level)
        return figures.ScoreCurve(axis, learned.flatten(), true.flatten(), modes.flatten(), self._slope_ratio(level))

    def field(self, level: NoiseLevel, noise: str) -> Figure:
        modes = level.alpha * self.exact.mixture.means
        x_t = torch.stack(torch.meshgrid(*_axes(modes, NUM_FIELD_POINTS), indexing="xy"), dim=2)
        learned, true = (each.reshape(x_t.shape) for each in self._scores(x_t.flatten(0, 1), level))
        return figures.score_field(x_t, learned, true, modes, noise, self._slope_ratio(level))

    def _scores(self, x_t: Tensor, level: NoiseLevel) -> tuple[Tensor, Tensor]:
        """Learned and true score at points (N, d), each (N, d)."""
        return score(self.predict_x_0, x_t, level, self.device), score(self.exact, x_t, level, self.device)

    def _slope_ratio(self, level: NoiseLevel) -> float:
        return slope_ratios(self.predict_x_0, self.exact, level, self.device).mean().item()


def _words(name: str) -> str:
    return name.replace("_", " ")


def _axes(modes: Tensor, num_points: int) -> list[Tensor]:
    """For each coordinate, evenly spaced values from half a mode spacing below the modes to half a one above."""
    first, last = modes[neighbours(modes)].unbind(1)
    margin = torch.linalg.vector_norm(last - first, dim=1).min() / 2
    ends = zip((modes.min(0).values - margin).tolist(), (modes.max(0).values + margin).tolist(), strict=True)
    return [torch.linspace(low, high, num_points, dtype=modes.dtype) for low, high in ends]
