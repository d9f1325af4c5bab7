"""Detection on images, and whether it sees more than finished images show."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.metrics.functional import matched_auroc, matched_auroc_without_each
from lightning_modeinterp.reproduction.claims.detection import CLAIMED, Detection, choose_window, finding_of
from lightning_modeinterp.reproduction.estimates import Measured, jackknife_error, share
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.reproduction.sample_set import auroc
from lightning_modeinterp.runs import CachedRuns, Draw

CHANCE = 0.5
Sets = Mapping[str, JudgedSamples]


class DetectionOnImages(Detection):
    """The claim on images. The paper does not publish its window for them, so one is chosen.

    Added by us: the AUROC among similar images, and the difference to the AUROC of scores of the finished image.
    """

    alike: ClassVar[str]
    """The images of one stratum, in words."""

    baselines: ClassVar[tuple[str, ...]]
    """Scores of the finished image alone."""

    @abstractmethod
    def strata(self, images: JudgedSamples) -> Tensor:
        """The stratum of each image, (N,) int64; similar images have the same."""

    def baseline(self, name: str, images: JudgedSamples, explore: JudgedSamples) -> Tensor:
        """A score (N,) of the finished images, higher where an image is more suspect. Unchanged by default.

        Args:
            name: One of ``baselines``.
            images: The images to score.
            explore: Images that may decide its sign.
        """
        return images.scores[name]

    def seeds(self, preset: Preset) -> range:
        """See `Detection.seeds`."""
        return preset.few_seeds

    def draws(self, preset: Preset, seed: int) -> dict[str, Draw]:
        """See `Detection.draws`."""
        fit = preset.fit(self.system(preset), seed)
        return {
            "explore": preset.counted_images(fit),
            "calibrate": preset.sealed(fit, seed, "calibrate", preset.num_images),
            "final": preset.sealed(fit, seed, "final", self.system(preset).num_final),
        }

    def shown_windows(self, sets: Sets, preset: Preset) -> dict[str, str]:
        """See `Detection.shown_windows`; the paper's window is not published."""
        return {"chosen": choose_window(sets["explore"])}

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """What the chosen window removes, its AUROC among similar images, and its AUROC minus each baseline's."""
        seeds = [self.sets(runs, preset, seed) for seed in self.seeds(preset)]
        chosen = [choose_window(sets["explore"]) for sets in seeds]
        number = len(seeds[0]["explore"].windows)
        return [
            finding_of("share removed, window chosen on the exploration set", seeds, chosen, number, CLAIMED),
            self._among_alike([sets["final"] for sets in seeds], chosen, number),
            *(self._beyond(name, seeds, chosen, number) for name in self.baselines),
        ]

    def _among_alike(self, final: Sequence[JudgedSamples], windows: list[str], number: int) -> Finding:
        measured, pairs = [], []
        for images, window in zip(final, windows, strict=True):
            strata = self.strata(images)
            measured.append(among_alike(images, window, strata))
            pairs.append(matched_auroc(images.variance_of(window), images.hallucinated, strata)[1])
        facts = {"windows": windows, "pairs": pairs}
        return Finding(f"AUROC among {self.alike}", "above", CHANCE, measured, facts=facts, num_variants=number)

    def _beyond(self, name: str, seeds: Sequence[Sets], windows: list[str], number: int) -> Finding:
        measured, of_baseline = [], []
        for sets, window in zip(seeds, windows, strict=True):
            images = sets["final"]
            hallucinated, together = images.hallucinated, torch.zeros_like(images.hallucinated, dtype=torch.int64)
            both = (images.variance_of(window), self.baseline(name, images, sets["explore"]))
            areas = [auroc(scores, hallucinated) for scores in both]
            others = [matched_auroc_without_each(scores, hallucinated, together) for scores in both]
            measured.append(Measured(areas[0] - areas[1], _error(others[0] - others[1], images)))
            of_baseline.append(areas[1])
        facts = {"windows": windows, f"AUROC of the {name}": of_baseline}
        return Finding(f"AUROC minus that of the {name}", "above", 0.0, measured, facts=facts, num_variants=number)


def among_alike(images: JudgedSamples, window: str, strata: Tensor) -> Measured:
    """AUROC of the variance over a window among images of the same stratum.

    Args:
        images: N images without ambiguous ones.
        window: Name of the window.
        strata: (N,) int64.
    """
    given = (images.variance_of(window), images.hallucinated, strata)
    return Measured(matched_auroc(*given)[0], _error(matched_auroc_without_each(*given), images))


def _error(without_each: Tensor, images: JudgedSamples) -> float:
    """Jackknife error; at least that of a share of 100 % of the rarer class, so that few samples are never certain.

    At most 1, since a number in [-1, 1] cannot spread more; the jackknife is infinite if one image is in all pairs.
    """
    fewer = min(images.num_hallucinated, len(images) - images.num_hallucinated)
    return min(max(jackknife_error(without_each), share(fewer, fewer).error), 1.0)
