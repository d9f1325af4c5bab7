"""Slope of the score between modes, learned over exact."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from lightning_modeinterp.data.gaussian.learned_score import apart_modes, noise_levels, slope_ratios
from lightning_modeinterp.data.gaussian.score_figures import score_figures
from lightning_modeinterp.data.probe import Probe, Subject


class ScoreSlopes(Probe):
    """Compare the slope of the sampled model's score between neighbouring modes with the exact one; see `slope_ratio`.

    ``score_slope_ratio/<noise>_std`` is the mean over pairs of neighbours, with ``_min`` and ``_max``, at the levels of
    `noise_levels`. The figure ``score`` has curves for 1D data and a field for 2D data. Nothing unless the exact
    denoiser is an `ExactMixture` of at least two modes.
    """

    names = ("score_slope_ratio",)

    def measure(self, subject: Subject) -> dict[str, float]:
        """See `Probe.measure`."""
        exact = apart_modes(subject.exact)
        if exact is None:
            return {}
        values: dict[str, float] = {}
        for name, level in noise_levels(subject.noise_schedule, exact.mixture).items():
            ratios = slope_ratios(subject.sampled_model, exact, level, subject.device)
            key = f"score_slope_ratio/{name}"
            values |= {key: ratios.mean().item(), f"{key}_min": ratios.min().item(), f"{key}_max": ratios.max().item()}
        return values

    def figures(self, subject: Subject) -> Iterator[tuple[str, Figure]]:
        """See `Probe.figures`."""
        exact = apart_modes(subject.exact)
        if exact is not None:
            yield from score_figures(subject.sampled_model, exact, subject.noise_schedule, subject.device)
