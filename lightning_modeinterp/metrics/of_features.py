"""Base class of metrics that compare generated samples with data in a network's feature space."""

from typing import Protocol

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch


class FeatureNetwork(Protocol):
    """A network whose features are compared."""

    name: str

    def __call__(self, samples: Tensor) -> Tensor:
        """Features (N, F) of samples (N, *sample_shape), data units, on the samples' device."""

    def to(self, device: torch.device) -> "FeatureNetwork":
        """The network on another device."""


class OfFeatures(GenerationMetric):
    """Compares the first N samples with N data, and as the floor N other data with the same data.

    N is the minimum of the numbers of samples, references and others.

    Args:
        network: The feature network. Its name is part of the metric's, since plain FID and KID mean Inception.
        reference: (R, F), features of data.
        others: (M, F), features of other data.

    Raises:
        ConfigurationError: If there are fewer than two of either.
    """

    reference: Tensor
    others: Tensor
    num_samples: Tensor

    def __init__(self, network: FeatureNetwork, reference: Tensor, others: Tensor) -> None:
        super().__init__()
        if min(len(reference), len(others)) < 2 or reference.shape[1:] != others.shape[1:]:
            raise ConfigurationError(
                f"{type(self).__name__}: expected features (R, F) and (M, F) of at least two data each, got "
                f"{tuple(reference.shape)} and {tuple(others.shape)}"
            )
        self.network = network
        self.register_buffer("reference", reference, persistent=False)
        self.register_buffer("others", others, persistent=False)
        self.add_state("num_samples", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def features_of(self, generated: GeneratedBatch) -> Tensor:
        """Features of a batch, (n, F), up to the number of data to compare with."""
        chosen = generated.samples[generated.index < min(len(self.reference), len(self.others))]
        if len(chosen) == 0:
            return self.reference.new_empty(0, self.reference.shape[1])
        with torch.inference_mode():
            return self.network.to(chosen.device)(chosen)
