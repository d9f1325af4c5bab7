"""More training samples give fewer hallucinations: because of the samples, or because of more updates?"""

from dataclasses import replace
from pathlib import Path

from lightning_modeinterp.figures import density_panels, save_figure
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.measures import falling_rate
from lightning_modeinterp.reproduction.panels import line_panel
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw, Fit

GROWING, EQUAL = "updates grow with the samples", "equal updates"


class MoreSamples(Claim):
    """Vary the number of training samples N on the line {1, 2, 3}."""

    name = "more-samples"
    sentence = "In 1D, more training samples give fewer samples between the modes."
    figures = ("4_1", "16_1", "16_2", "16_3", "16_4")
    rule = (
        "The slope of log(share of samples in the middle half of the gaps between modes) against log(N) is below 0. "
        "Two arms: updates that grow with N, as published; and equal updates, to see if the samples are the cause."
    )

    def needs(self, preset: Preset) -> Needs:
        """A model for each seed, arm and size."""
        return Needs([
            self._draw(preset, seed, size, arm)
            for seed in preset.seeds for arm in (GROWING, EQUAL) for size in preset.training_sizes
        ])  # fmt: skip

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One for each arm."""
        return [self._finding(runs, preset, arm) for arm in (GROWING, EQUAL)]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Densities by N, one figure for each arm."""
        drawn = []
        for arm in (GROWING, EQUAL):
            draws = {f"N = {size:,}": self._draw(preset, 0, size, arm) for size in preset.training_sizes}
            figure = density_panels({name: line_panel(runs, draw) for name, draw in draws.items()}, arm)
            drawn.append(save_figure(figure, folder / f"densities_{arm.replace(' ', '_')}.png"))
        return drawn

    def _finding(self, runs: CachedRuns, preset: Preset, arm: str) -> Finding:
        seeds = [[self._draw(preset, seed, size, arm) for size in preset.training_sizes] for seed in preset.seeds]
        return falling_rate(runs, f"slope of log share against log N, {arm}", "N =", preset.training_sizes, seeds)

    def _draw(self, preset: Preset, seed: int, size: int, arm: str) -> Draw:
        grown = max(round(preset.updates_per_sample * size), 1)
        num_updates = {GROWING: grown, EQUAL: preset.equal_updates}
        fewer, more = sorted(num_updates.values())
        fit = self._fit(preset, seed, size, fewer)
        if num_updates[arm] > fewer:
            fit = replace(self._fit(preset, seed, size, more), after=fit)  # both arms begin alike
        return preset.swept(fit)

    def _fit(self, preset: Preset, seed: int, size: int, num_updates: int) -> Fit:
        batch = min(preset.batch_size, size)
        options = (f"--data.init_args.size={size}", f"--data.init_args.batch_size={batch}")
        return preset.fit(preset.line, seed, (*options, f"--trainer.max_steps={num_updates}"), f"line_n_{size}")
