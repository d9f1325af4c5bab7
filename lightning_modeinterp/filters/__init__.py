"""Filters: which samples the next generation is trained on."""

from lightning_modeinterp.filters.all_samples import AllSamples
from lightning_modeinterp.filters.base import Filter, Rule
from lightning_modeinterp.filters.below_saved_threshold import BelowSavedThreshold
from lightning_modeinterp.filters.below_threshold import BelowThreshold
from lightning_modeinterp.filters.in_support import InSupport
from lightning_modeinterp.filters.lowest_score import LowestScore
from lightning_modeinterp.filters.random_samples import RandomSamples

__all__ = [
    "AllSamples",
    "BelowSavedThreshold",
    "BelowThreshold",
    "Filter",
    "InSupport",
    "LowestScore",
    "RandomSamples",
    "Rule",
]
