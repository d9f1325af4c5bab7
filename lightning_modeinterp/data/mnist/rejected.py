"""Digits that classifiers reject: ours, and a proxy for hallucinations, since nobody has published a rule for MNIST."""

import torch
from torch import Tensor

from lightning_modeinterp.data.mnist.lenet import NUM_MEMBERS, LeNet, lenet, record, weights
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.support_oracle import SupportOracle


class RejectedDigits(SupportOracle):
    """Reject what three networks do not agree on, or what lies far from every digit among their features.

    A sample is rejected where the mean probability of its likeliest digit is below the 0.5th percentile of test digits,
    or its distance to the nearest digit, ``min_d sqrt((f - m_d)^T P (f - m_d))`` with the features f of the first
    network, is beyond their 99.9th. So about 0.6 % of real digits are rejected too; report that rate beside any other.
    The mode is the likeliest digit; details are ``confidence`` and ``feature_distance``.

    It cannot tell an odd digit from no digit, and calls a clean stroke that is none a digit if the networks do.

    References:
        The rule is ours. The distance: K. Lee et al., "A simple unified framework for detecting out-of-distribution
        samples and adversarial attacks" (arXiv:1807.03888), equation 2.
    """

    def __init__(self) -> None:
        super().__init__(["rejected"])
        self.networks: list[LeNet] = [lenet(member) for member in range(NUM_MEMBERS)]
        self.means, self.precision = weights()["features.means"], weights()["features.precision"]

    @torch.inference_mode()
    def judge(self, samples: Tensor) -> SupportVerdict:
        """See `SupportOracle.judge`; grey images of 16, 28 or 32 pixels a side. What is not finite is rejected."""
        self._follow(samples.device)
        is_finite = samples.flatten(1).isfinite().all(1)
        images = samples.float().nan_to_num(0.0).clamp(0, 255)
        features = [network.features(images) for network in self.networks]
        logits = [network.logits(each) for network, each in zip(self.networks, features, strict=True)]
        confidence, digit = torch.stack([each.softmax(1) for each in logits]).mean(0).max(1)
        with torch.autocast(samples.device.type, enabled=False):
            distance = nearest_distance(features[0], self.means, self.precision)
        limits = record()["thresholds"]["16" if samples.shape[-1] == 16 else "32"]
        rejected = ~is_finite | (confidence < limits["confidence"]) | (distance > limits["distance"])
        kind = torch.where(rejected, 2, 0).to(torch.int8)
        return SupportVerdict(kind, digit, self.kinds, {"confidence": confidence, "feature_distance": distance})

    def _follow(self, device: torch.device) -> None:
        if self.means.device != device:
            self.networks = [network.to(device) for network in self.networks]
            self.means, self.precision = self.means.to(device), self.precision.to(device)


def nearest_distance(features: Tensor, means: Tensor, precision: Tensor) -> Tensor:
    """Distance of features (N, F) to the nearest of means (K, F) in the metric of a precision (F, F); (N,)."""
    difference = features.unsqueeze(1) - means
    return ((difference @ precision) * difference).sum(2).amin(1).clamp(min=0).sqrt()
