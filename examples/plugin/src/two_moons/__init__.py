"""Two moons for lightning_modeinterp. A config names these classes as ``two_moons.<class>``."""

from two_moons.data import TwoMoons
from two_moons.filter import NoOutliers
from two_moons.metric import MoonCoverage
from two_moons.probe import GapCrossing
from two_moons.sampler import TemperedSampler
from two_moons.support import NearMoons

__all__ = ["GapCrossing", "MoonCoverage", "NearMoons", "NoOutliers", "TemperedSampler", "TwoMoons"]
