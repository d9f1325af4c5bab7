"""The paper's definition: H_eps(q) = { x : q(x) <= eps } with the true density q."""

import math

import torch
from torch import Tensor

from lightning_modeinterp.data.gaussian.mixture import GaussianMixture
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.support_oracle import IN_SUPPORT, SupportOracle

LOW_DENSITY = 2


class DensityThreshold(SupportOracle):
    """Support as the set where the true density is above a threshold.

    It cannot tell interpolation from other deviations off the support. The paper does not publish its threshold.

    Args:
        mixture: The true distribution of the data.
        epsilon: Largest density of a hallucination, 1 / data units^d, > 0.

    Raises:
        ConfigurationError: For epsilon <= 0.

    References:
        Aithal et al. 2024, section 3, definition of the eps-hallucination set.
    """

    def __init__(self, mixture: GaussianMixture, epsilon: float = 1e-5) -> None:
        super().__init__(["low_density"])
        if not epsilon > 0:
            raise ConfigurationError(f"support.epsilon: expected a density > 0, got {epsilon}")
        self.mixture = mixture
        self.epsilon = epsilon

    def judge(self, samples: Tensor) -> SupportVerdict:
        """See `SupportOracle.judge`; ``mode`` is the nearest one. A sample that is not finite has no density."""
        x = samples.double()
        is_inside = self.mixture.log_density(x) > math.log(self.epsilon)
        kind = torch.where(is_inside, IN_SUPPORT, LOW_DENSITY).to(torch.int8)
        mode = torch.cdist(x, self.mixture.means.to(x.device)).nan_to_num(nan=math.inf).argmin(dim=1)
        return SupportVerdict(kind, mode, self.kinds)
