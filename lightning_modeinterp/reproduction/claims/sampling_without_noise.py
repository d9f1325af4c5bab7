"""The detector depends on the noise that the sampler adds (ours)."""

from pathlib import Path

from lightning_modeinterp.figures import save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.claims.variance_separates import histograms
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import LATE, Preset, System
from lightning_modeinterp.reproduction.sample_set import measured_auroc
from lightning_modeinterp.runs import CachedRuns, Draw

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
        return Needs([
            draw for system in preset.both.values() for seed in preset.seeds for draw in _draws(preset, system, seed)
        ])  # fmt: skip

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Two in 1D, two in 2D."""
        return [finding for name in preset.both for finding in _findings(name, runs, preset)]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Histograms of the variance with DDIM."""
        return [
            save_figure(
                histograms(runs.samples(_draws(preset, system, 0)[1]), system.window), folder / f"variance_{name}.png"
            )
            for name, system in preset.both.items()
        ]


def _findings(name: str, runs: CachedRuns, preset: Preset) -> list[Finding]:
    window = preset.both[name].window
    noisy, quiet, best, windows = [], [], [], []
    counts: dict[str, list[int]] = {"ancestral": [], "DDIM": []}
    for seed in preset.seeds:
        pair = [JudgedSamples.of(runs.samples(draw)).clear() for draw in _draws(preset, preset.both[name], seed)]
        for each, samples in zip(counts, pair, strict=True):
            counts[each].append(samples.num_hallucinated)
        ancestral, ddim = pair
        areas = {each: measured_auroc(ddim, each) for each in ddim.windows}
        windows.append(max(areas, key=lambda each: areas[each].value))
        noisy.append(measured_auroc(ancestral, window))
        quiet.append(areas[window])
        best.append(areas[windows[-1]])
    facts = {
        **{f"hallucinated, {each}": numbers for each, numbers in counts.items()},
        "AUROC, ancestral": [each.value for each in noisy],
    }
    return [
        Finding(
            f"{name}: AUROC with DDIM minus ancestral, {label}",
            "below",
            0.0,
            [a - b for a, b in zip(areas_of_ddim, noisy, strict=True)],
            facts={**facts, "AUROC, DDIM": [each.value for each in areas_of_ddim], **more},
        )
        for label, areas_of_ddim, more in (
            ("the paper's window", quiet, {}),
            ("DDIM in its best window", best, {"windows": windows}),
        )
    ]


def _draws(preset: Preset, system: System, seed: int) -> tuple[Draw, Draw]:
    """Ancestral sampling and DDIM."""
    fit = preset.fit(system, seed)
    return preset.counted(fit), preset.counted(fit, WITHOUT_NOISE)
