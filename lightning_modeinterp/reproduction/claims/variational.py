"""Variational diffusion models interpolate too, in continuous and in discrete time, with few and with many steps."""

from pathlib import Path

from lightning_modeinterp.figures import samples_2d, save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.measures import pair_counts
from lightning_modeinterp.reproduction.panels import plane_panel
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw

TRAIN_STEPS = {"1000": "1000", "infinity": "null"}
"""T by name, and its value on the command line."""

NUM_TRAINING_SAMPLES = 10_000


class VariationalInterpolates(Claim):
    """Train on 10,000 samples of the grid, as published, for several training steps T and sampling steps T'."""

    name = "vdm-interpolates"
    sentence = (
        "Variational diffusion models trained on 10,000 samples of the grid interpolate too, for several numbers of "
        "training steps T and sampling steps T'."
    )
    figures = ("15_2",)
    rule = (
        "For T in {1000, infinity} and two T' (ours; the paper's are not published): the share of hallucinations in "
        "the tubes between neighbours, divided by the share of uniform points off the modes there, is above 1."
    )

    def needs(self, preset: Preset) -> Needs:
        """Two models for each seed, sampled twice."""
        return Needs([draw for seed in preset.seeds for draw in self._draws(preset, seed).values()])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One for each T and T'."""
        found = []
        for name in self._draws(preset, 0):
            draws = [self._draws(preset, seed)[name] for seed in preset.seeds]
            enrichments = [pair_counts(runs, draw).neighbour_enrichment() for draw in draws]
            facts = {"hallucinated": [JudgedSamples.of(runs.samples(draw)).num_hallucinated for draw in draws]}
            found.append(Finding(f"{name}: between neighbours over chance", "above", 1.0, enrichments, True, facts))
        return found

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """A panel for each T and T'."""
        panels = [plane_panel(name, runs, draw) for name, draw in self._draws(preset, 0).items()]
        return [save_figure(samples_2d(panels), folder / "samples.png")]

    def _draws(self, preset: Preset, seed: int) -> dict[str, Draw]:
        draws = {}
        for name, option in TRAIN_STEPS.items():
            size = () if not preset.gives_verdicts else (f"--data.init_args.size={NUM_TRAINING_SAMPLES}",)
            options = (*size, f"--model.init_args.num_train_steps={option}")
            fit = preset.fit(preset.vdm, seed, options, f"vdm_{name}")
            for steps in preset.num_drawn_steps:
                said = f"T = {name}, T' = {steps}"
                draws[said] = preset.counted(fit, (f"--generation.sampler.init_args.num_steps={steps}",))
        return draws
