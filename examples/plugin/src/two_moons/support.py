"""What counts as a hallucination."""

import math

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.support_oracle import AMBIGUOUS, IN_SUPPORT, SupportOracle
from two_moons.geometry import GAP, distances

BETWEEN, OUTSIDE = 2, 3


class NearMoons(SupportOracle):
    """In support within ``radius`` standard deviations of a moon, ``ambiguous`` for one more.

    Elsewhere a sample is ``between`` if both moons are within the width of the gap, else ``outside``. It cannot tell
    whether the samples are spread along the moons as the data are.

    Args:
        noise: Standard deviation of the samples about the moons, data units, > 0.
        radius: In standard deviations, > 0. At 4 a true sample is out of support once in some ten thousand draws.

    Raises:
        ConfigurationError: If a number is not positive.
    """

    def __init__(self, noise: float = 0.03, radius: float = 4.0) -> None:
        super().__init__(["between", "outside"])
        if not (noise > 0 and radius > 0):
            raise ConfigurationError(f"support: expected noise > 0 and radius > 0, got {noise} and {radius}")
        self.noise, self.radius = noise, radius

    def judge(self, samples: Tensor) -> SupportVerdict:
        """See `SupportOracle.judge`; ``mode`` is the nearest moon. A sample that is not finite is ``outside``."""
        distance = distances(samples.double()).nan_to_num(nan=math.inf)
        nearest, moon = distance.min(dim=1)
        kind = torch.full_like(moon, OUTSIDE, dtype=torch.int8)
        kind[distance.amax(dim=1) <= GAP] = BETWEEN
        kind[nearest <= (self.radius + 1) * self.noise] = AMBIGUOUS
        kind[nearest <= self.radius * self.noise] = IN_SUPPORT
        return SupportVerdict(kind, moon, self.kinds)
