"""The detector depends on the noise that the sampler adds (ours)."""

from pathlib import Path
from typing import Any

from lightning_modeinterp.figures import save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.claims.variance_separates import histograms
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import LATE, Preset
from lightning_modeinterp.reproduction.sample_set import best_window, measured_auroc, window_rates
from lightning_modeinterp.runs import CachedRuns

WITHOUT_NOISE = ("--generation.sampler=DDIMSampler", "--generation.sampler.init_args.eta=0", *LATE)
"""Where x_t is pure noise, DDIM runs away."""


class SamplingWithoutNoise(Claim):
    """Compare the AUROC of the variance in two samplers, on the same network and levels."""

    name = "sampling-without-noise"
    sentence = "Ours: the trajectory variance detects less if the sampler adds no noise."
    figures = ()
    rule = (
        "The AUROC of the variance with DDIM (eta = 0), minus that with ancestral sampling of the same network and "
        "noise levels, is below 0, in 1D and in 2D, paired by seed. Measured twice: both in the paper's window, "
        "and DDIM in the window with its highest AUROC on the same samples, which favours DDIM. Seed 0 of a shorter "
        "training in 1D had been seen before."
    )

    def needs(self, preset: Preset) -> Needs:
        """Both samplers for each seed, on the line and on the grid."""
        pairs = preset.counted_pairs(WITHOUT_NOISE)
        return Needs([draw for of_seeds in pairs.values() for pair in of_seeds for draw in pair])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Two in 1D, two in 2D."""
        return [finding for name in preset.both for finding in _findings(name, runs, preset)]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Histograms of the variance with DDIM."""
        return [
            save_figure(
                histograms(runs.samples(pairs[0][1]), preset.both[name].window), folder / f"variance_{name}.png"
            )
            for name, pairs in preset.counted_pairs(WITHOUT_NOISE).items()
        ]


def _findings(name: str, runs: CachedRuns, preset: Preset) -> list[Finding]:
    system = preset.both[name]
    pairs = preset.counted_pairs(WITHOUT_NOISE)[name]
    ancestral, ddim = ([JudgedSamples.of(runs.samples(pair[which])).clear() for pair in pairs] for which in range(2))
    noisy = [measured_auroc(each, system.window) for each in ancestral]
    facts: dict[str, list[Any]] = {"AUROC, ancestral": [each.value for each in noisy]}
    for sampler, sets in (("ancestral", ancestral), ("DDIM", ddim)):
        facts[f"hallucinated, {sampler}"] = [each.num_hallucinated for each in sets]
        facts[f"removed at 96 % kept, best window, {sampler}"] = [_most_removed(each) for each in sets]
    best = [_best_by_auroc(each) for each in ddim]
    found = []
    for label, windows in (
        ("the paper's window", [system.window] * len(ddim)),
        ("DDIM in its best window", best),
    ):
        quiet = [measured_auroc(each, window) for each, window in zip(ddim, windows, strict=True)]
        question = f"{name}: AUROC with DDIM minus ancestral, {label}"
        more = {"AUROC, DDIM": [each.value for each in quiet], "windows of DDIM": windows}
        differences = [a - b for a, b in zip(quiet, noisy, strict=True)]
        found.append(Finding(question, "below", 0.0, differences, facts={**facts, **more}))
    return found


def _best_by_auroc(samples: JudgedSamples) -> str:
    return max(samples.windows, key=lambda window: measured_auroc(samples, window).value)


def _most_removed(samples: JudgedSamples) -> float:
    rates = window_rates([samples.variance_of(each) for each in samples.windows], samples.hallucinated)
    return rates[best_window(rates)][1]
