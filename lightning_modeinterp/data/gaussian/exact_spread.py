"""Spread of samples within their modes, relative to the exact score in the same sampler."""

import math
from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from lightning_modeinterp.data.gaussian.mode_statistics import ModeStatistics
from lightning_modeinterp.data.probe import Probe, Subject
from lightning_modeinterp.records import GeneratedBatch

NUM_REFERENCE_BLOCKS = 4
SPREAD = "within_mode_std"


class ExactSpread(Probe):
    """Compare the within-mode spread of the samples with that of the exact score in the same sampler.

    ``within_mode_std_exact`` and ``within_mode_std_ratio``, nan if no mode has two samples of the exact score.
    Nothing if `ModeStatistics` has measured no spread, or the exact score is unknown. A schedule that stops early
    shrinks the modes even of a perfect model.

    Args:
        means: (K, d) centres of the modes, data units.
        weights: (K,) weights of the modes.
    """

    names = (f"{SPREAD}_exact", f"{SPREAD}_ratio")

    def __init__(self, means: Tensor | Sequence[Sequence[float]], weights: Tensor | Sequence[float]) -> None:
        self.means, self.weights = means, weights

    def measure(self, subject: Subject) -> dict[str, float]:
        """See `Probe.measure`."""
        if subject.exact is None or SPREAD not in subject.results:
            return {}
        statistics = ModeStatistics(self.means, self.weights).to(subject.device)
        statistics.sync_on_compute = False  # the reference is the same on every process
        asked = subject.drawing.generation
        drawing = replace(subject.drawing, predict_x_0=subject.exact, generation=asked.bare())
        blocks = drawing.blocks(asked.blocks[:NUM_REFERENCE_BLOCKS], "test")
        statistics.update(GeneratedBatch.joined(list(blocks)))
        exact = statistics.compute()[SPREAD].item()
        ratio = subject.results[SPREAD] / exact if exact > 0 else math.nan
        return dict(zip(self.names, (exact, ratio), strict=True))
