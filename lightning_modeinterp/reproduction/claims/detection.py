"""More than 95 % of the hallucinations are removed while 96 % of the samples in support are kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from lightning_modeinterp.figures import save_figure
from lightning_modeinterp.reproduction.cached_runs import CachedRuns, Draw
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.estimates import share
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.panels import variance_figure
from lightning_modeinterp.reproduction.preset import Preset, System
from lightning_modeinterp.reproduction.sample_set import (
    SampleSet,
    best_window,
    removed,
    threshold_of,
    window_rates,
)

CLAIMED = 0.95
RULE = (
    "A threshold on the variance keeps 96 % of the samples in support of a calibration set; the share of the "
    "hallucinations of a sealed final set above it is above 0.95. Asked of two windows: {paper}, and the one of "
    "{number} that removes most on an exploration set of that seed."
)


class Detection(Claim):
    """Explore, calibrate, and report once. Subclasses say which data."""

    figures = ("7_2",)
    dimension: ClassVar[str]

    def needs(self, preset: Preset) -> Needs:
        """Three sets of samples for each seed."""
        return Needs([draw for seed in preset.seeds for draw in self._draws(preset, seed).values()])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """The paper's window, and the chosen ones."""
        seeds = [self._sets(runs, preset, seed) for seed in preset.seeds]
        paper = self._system(preset).window
        chosen = [_chosen(sets["explore"]) for sets in seeds]
        num_windows = len(seeds[0]["explore"].windows)
        return [
            _finding(f"share removed, {paper}", seeds, [paper] * len(seeds)),
            _finding("share removed, window chosen on explore", seeds, chosen, num_windows),
        ]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Histogram of the final set with the calibrated threshold, the paper's window."""
        sets, window = self._sets(runs, preset, 0), self._system(preset).window
        final, threshold = sets["final"], _threshold(sets, window)
        figure = variance_figure(final.variance_of(window), final.hallucinated, threshold, window)
        return [save_figure(figure, folder / "variance.png")]

    def _sets(self, runs: CachedRuns, preset: Preset, seed: int) -> dict[str, SampleSet]:
        draws = self._draws(preset, seed)
        return {use: SampleSet.read(runs.samples(draw)).clear() for use, draw in draws.items()}

    def _draws(self, preset: Preset, seed: int) -> dict[str, Draw]:
        """The samples that all claims count are there to explore; the other two sets are for this alone."""
        fit = preset.fit(self._system(preset), seed)
        return {
            "explore": preset.counted(fit),
            "calibrate": preset.sealed(fit, seed, "calibrate", preset.num_calibrate),
            "final": preset.sealed(fit, seed, "final", self._system(preset).num_final),
        }

    def _system(self, preset: Preset) -> System:
        return preset.both[self.dimension]


class DetectionOnLine(Detection):
    """The claim in 1D."""

    name = "detection-1d"
    sentence = "In 1D, more than 95 % of hallucinations are removed at 96 % of the samples in support kept."
    rule = RULE.format(paper="the last 10 steps", number="ten")
    dimension = "1D"


class DetectionOnGrid(Detection):
    """The claim in 2D."""

    name = "detection-2d"
    sentence = "In 2D, more than 95 % of hallucinations are removed at 96 % of the samples in support kept."
    rule = RULE.format(paper="the last 10 steps (in our schedule: the same noise levels)", number="nine or ten")
    dimension = "2D"


def _threshold(sets: dict[str, SampleSet], window: str) -> float:
    calibrate = sets["calibrate"]
    return threshold_of(calibrate.variance_of(window), calibrate.hallucinated)


def _chosen(explore: SampleSet) -> str:
    """The window that removes most."""
    return explore.windows[best_window(window_rates(explore.variance, explore.hallucinated))]


def _finding(
    question: str, seeds: Sequence[dict[str, SampleSet]], windows: Sequence[str], num_variants: int = 1
) -> Finding:
    """Judge the final set of each seed by one window."""
    shares, num_hallucinated, kept = [], [], []
    for sets, window in zip(seeds, windows, strict=True):
        final, threshold = sets["final"], _threshold(sets, window)
        hits, total = removed(final.variance_of(window), final.hallucinated, threshold)
        lost, in_support = removed(final.variance_of(window), final.in_support, threshold)
        shares.append(share(hits, total))
        num_hallucinated.append(total)
        kept.append(1 - lost / max(in_support, 1))
    facts = {"windows": list(windows), "hallucinated": num_hallucinated, "kept of those in support": kept}
    return Finding(question, "above", CLAIMED, shares, facts=facts, num_variants=num_variants)
