"""What the model itself says between the moons, whatever its samples are."""

import torch

from lightning_modeinterp.data import Probe, Subject
from two_moons.geometry import TIP, TOP, to_model_units

NOISE_TO_SIGNAL = 0.1
"""Noise level sigma / alpha at which the model is asked: little, so that x_t says which moon is nearer."""

NUM_POINTS = 101


class GapCrossing(Probe):
    """``gap_crossing``: share of a straight line from moon to moon that the model sends to points off both.

    x_t lies on the line, where the gap is narrowest. The true posterior mean jumps from one moon to the other, so it is
    off both on a short piece; a network that is smooth there interpolates. It cannot tell whether sampling ever gets
    to the line.
    """

    names = ("gap_crossing",)
    in_validation = True

    def measure(self, subject: Subject) -> dict[str, float]:
        """See `Probe.measure`; nothing without an oracle."""
        if subject.drawing.oracle is None:
            return {}
        share = torch.linspace(0, 1, NUM_POINTS).unsqueeze(1)
        line = to_model_units(torch.lerp(torch.tensor(TOP), torch.tensor(TIP), share)).to(subject.device)
        level = subject.noise_schedule.level_at(NOISE_TO_SIGNAL).to(line.device, line.dtype)
        with torch.inference_mode():
            x_0_hat = subject.predict_x_0(level.alpha * line, level)
        verdict = subject.drawing.oracle.judge(subject.drawing.to_data_units(x_0_hat))
        return {"gap_crossing": verdict.hallucinated.double().mean().item()}
