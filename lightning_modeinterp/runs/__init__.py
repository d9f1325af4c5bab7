"""Cached runs as steps of a graph, used by claims, recursions and benchmarks."""

from lightning_modeinterp.runs.cached_runs import CachedRuns, RunFailedError, metrics_of
from lightning_modeinterp.runs.how import How
from lightning_modeinterp.runs.keys import content_of
from lightning_modeinterp.runs.ranked_pool import RankedPool
from lightning_modeinterp.runs.steps import Draw, Fit, Keep, KeptData

__all__ = [
    "CachedRuns",
    "Draw",
    "Fit",
    "How",
    "Keep",
    "KeptData",
    "RankedPool",
    "RunFailedError",
    "content_of",
    "metrics_of",
]
