"""The paper's statements as claims that are tested on cached runs."""

from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.claims import CLAIMS
from lightning_modeinterp.reproduction.estimates import Measured, share
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.panels import line_panel, plane_panel
from lightning_modeinterp.reproduction.preset import PRESETS, Preset
from lightning_modeinterp.reproduction.reproduce import Outcome, reproduce
from lightning_modeinterp.runs import CachedRuns, Draw, Fit, RunFailedError

__all__ = [
    "CLAIMS",
    "PRESETS",
    "CachedRuns",
    "Claim",
    "Draw",
    "Finding",
    "Fit",
    "Measured",
    "Needs",
    "Outcome",
    "Preset",
    "RunFailedError",
    "line_panel",
    "plane_panel",
    "reproduce",
    "share",
]
