"""More than 95 % of the hallucinations are removed while 96 % of the samples in support are kept."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from lightning_modeinterp.figures import save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.estimates import share
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.panels import variance_figure
from lightning_modeinterp.reproduction.preset import Preset, System
from lightning_modeinterp.reproduction.sample_set import (
    best_window,
    removed,
    threshold_of,
    window_rates,
)
from lightning_modeinterp.runs import CachedRuns, Draw
from lightning_modeinterp.threshold import Threshold

CLAIMED = 0.95
RULE = (
    "A threshold on the variance is set to keep 96 % of the samples in support of a calibration set. The share of the "
    "hallucinations above it, in a final set that is used once, is above 0.95. Tested for two windows: {paper}, and "
    "the one of {number} that removes most on an exploration set of the same seed."
)


class Detection(Claim):
    """Choose a window, set a threshold, and report once, each on its own samples. Subclasses set the data."""

    figures = ("7_2",)
    kind: ClassVar[str | None] = None
    """The kind of hallucination that is counted; None for all."""

    @abstractmethod
    def system(self, preset: Preset) -> System:
        """The system that is trained."""

    def seeds(self, preset: Preset) -> range:
        """The training seeds."""
        return preset.seeds

    def needs(self, preset: Preset) -> Needs:
        """Three sets of samples for each seed."""
        return Needs([draw for seed in self.seeds(preset) for draw in self.draws(preset, seed).values()])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One for the paper's window, one for the window chosen for each seed."""
        seeds = [self.sets(runs, preset, seed) for seed in self.seeds(preset)]
        paper = self.system(preset).window
        chosen = [choose_window(sets["explore"]) for sets in seeds]
        num_windows = len(seeds[0]["explore"].windows)
        return [
            finding_of(f"share removed, window {paper}", seeds, [paper] * len(seeds)),
            finding_of("share removed, window chosen on the exploration set", seeds, chosen, num_windows),
        ]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Histograms of the final set with the calibrated threshold."""
        sets, drawn = self.sets(runs, preset, 0), []
        for name, window in self.shown_windows(sets, preset).items():
            final, threshold = sets["final"], _threshold(sets, window)
            figure = variance_figure(final.variance_of(window), final.hallucinated, threshold, window)
            drawn.append(save_figure(figure, folder / f"variance_{name}.png"))
        return drawn

    def shown_windows(self, sets: Mapping[str, JudgedSamples], preset: Preset) -> dict[str, str]:
        """The windows of the figures: the paper's and the chosen one."""
        return {"paper": self.system(preset).window, "chosen": choose_window(sets["explore"])}

    def sets(self, runs: CachedRuns, preset: Preset, seed: int) -> dict[str, JudgedSamples]:
        """The three sets of a seed, without samples that are neither in support nor counted."""
        sets = {use: JudgedSamples.of(runs.samples(draw)) for use, draw in self.draws(preset, seed).items()}
        return {use: each.of_kind(self.kind) if self.kind else each.clear() for use, each in sets.items()}

    def draws(self, preset: Preset, seed: int) -> dict[str, Draw]:
        """Explore on the samples that all claims count; the other two sets are drawn for this claim alone."""
        fit = preset.fit(self.system(preset), seed)
        return {
            "explore": preset.counted(fit),
            "calibrate": preset.sealed(fit, seed, "calibrate", preset.num_calibrate),
            "final": preset.sealed(fit, seed, "final", self.system(preset).num_final),
        }


class DetectionOnLine(Detection):
    """The claim in 1D."""

    name = "detection-1d"
    sentence = "In 1D, more than 95 % of hallucinations are removed while 96 % of the samples in support are kept."
    rule = RULE.format(paper="the last 10 steps", number="ten")

    def system(self, preset: Preset) -> System:
        """See `Detection.system`."""
        return preset.line


class DetectionOnGrid(Detection):
    """The claim in 2D."""

    name = "detection-2d"
    sentence = "In 2D, more than 95 % of hallucinations are removed while 96 % of the samples in support are kept."
    rule = RULE.format(paper="the last 10 steps (in our schedule: the same noise levels)", number="nine or ten")

    def system(self, preset: Preset) -> System:
        """See `Detection.system`."""
        return preset.grid


def _threshold(sets: Mapping[str, JudgedSamples], window: str) -> Threshold:
    calibrate = sets["calibrate"]
    return threshold_of(calibrate.variance_of(window), calibrate.hallucinated)


def choose_window(explore: JudgedSamples) -> str:
    """The window that removes most."""
    variances = [explore.variance_of(window) for window in explore.windows]
    return explore.windows[best_window(window_rates(variances, explore.hallucinated))]


def finding_of(
    question: str,
    seeds: Sequence[Mapping[str, JudgedSamples]],
    windows: Sequence[str],
    num_variants: int = 1,
    claimed: float = CLAIMED,
) -> Finding:
    """Share of the hallucinations that the calibrated threshold removes from the final set of each seed.

    Args:
        question: The question.
        seeds: The sets ``calibrate`` and ``final`` of each seed.
        windows: Window of each seed.
        num_variants: Number of windows that were compared on other samples.
        claimed: The bound.
    """
    shares, num_hallucinated, kept = [], [], []
    for sets, window in zip(seeds, windows, strict=True):
        final, threshold = sets["final"], _threshold(sets, window)
        hits, total = removed(final.variance_of(window), final.hallucinated, threshold)
        lost, in_support = removed(final.variance_of(window), final.in_support, threshold)
        shares.append(share(hits, total))
        num_hallucinated.append(final.num_hallucinated)
        kept.append(1 - lost / max(in_support, 1))
    facts = {"windows": list(windows), "hallucinated": num_hallucinated, "kept of those in support": kept}
    return Finding(question, "above", claimed, shares, facts=facts, num_variants=num_variants)
