"""Digits that classifiers reject: our proxy for hallucinations, since no rule for MNIST is published."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from lightning_modeinterp.data.mnist.lenet import NUM_MEMBERS, LeNet, lenet, record, weights
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.support_oracle import SupportOracle

FAINTEST_STROKE = 64.0
"""Minimum of the brightest pixel, out of 255; networks trained on digits only classify an empty image as a digit."""


class RejectedDigits(SupportOracle):
    """Reject images on which three networks disagree, or whose features point away from every digit's.

    A sample is rejected if the mean probability of its likeliest digit is below the 0.3rd percentile of test digits,
    or its distance to the nearest digit, ``min_d 1 - mean_n cos(f_n, m_nd)`` with the features f_n of network n and the
    mean direction m_nd of training digits, is above their 99.9th, or no pixel is bright enough for a stroke. So about
    0.4 % of real digits are rejected too; report that rate beside any other. The mode is the likeliest digit;
    details are ``confidence`` and ``feature_distance``.

    It cannot tell an odd digit from a non-digit, and accepts a non-digit if the networks do: it rejects nine in ten
    images of uniform noise, but only a fifth to a third of the means of two digits.

    References:
        The rule is ours.
    """

    def __init__(self) -> None:
        super().__init__(["rejected"])
        self.networks: list[LeNet] = [lenet(member) for member in range(NUM_MEMBERS)]
        self.directions = weights()["features.directions"]

    @torch.inference_mode()
    def judge(self, samples: Tensor) -> SupportVerdict:
        """See `SupportOracle.judge`; grey images of 16, 28 or 32 pixels a side. Non-finite samples are rejected."""
        self._follow(samples.device)
        is_finite = samples.flatten(1).isfinite().all(1)
        features, probabilities = seen_by(self.networks, samples.float().nan_to_num(0.0))
        confidence, digit = probabilities.max(1)
        distance = nearest_direction(features, self.directions)
        limits = record()["thresholds"]["16" if samples.shape[-1] == 16 else "32"]
        has_no_stroke = samples.flatten(1).amax(1) < FAINTEST_STROKE
        rejected = ~is_finite | has_no_stroke | (confidence < limits["confidence"]) | (distance > limits["distance"])
        kind = torch.where(rejected, 2, 0).to(torch.int8)
        return SupportVerdict(kind, digit, self.kinds, {"confidence": confidence, "feature_distance": distance})

    def _follow(self, device: torch.device) -> None:
        if self.directions.device != device:
            self.networks = [network.to(device) for network in self.networks]
            self.directions = self.directions.to(device)


def seen_by(networks: Sequence[LeNet], images: Tensor) -> tuple[Tensor, Tensor]:
    """Features (M, N, F) of images (N, 1, S, S) by M networks, and their mean probabilities (N, 10)."""
    features = torch.stack([network.features(images) for network in networks])
    logits = torch.stack([network.logits(each) for network, each in zip(networks, features, strict=True)])
    return features, logits.softmax(2).mean(0)


def nearest_direction(features: Tensor, directions: Tensor) -> Tensor:
    """One minus the cosine between features and the nearest of K directions, a mean over M networks.

    Args:
        features: (M, N, F).
        directions: (M, K, F), of any length.

    Returns:
        (N,) from 0 to 2.
    """
    cosines = (normalize(features, dim=2).unsqueeze(2) * normalize(directions, dim=2).unsqueeze(1)).sum(3)
    return 1 - cosines.mean(0).amax(1)
