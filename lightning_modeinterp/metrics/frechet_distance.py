"""Frechet distance of generated samples from data in a network's feature space."""

import torch
from torch import Tensor

from lightning_modeinterp.metrics.functional import feature_distance, frechet_distance
from lightning_modeinterp.metrics.of_features import FeatureNetwork, OfFeatures
from lightning_modeinterp.records import GeneratedBatch


class FrechetDistance(OfFeatures):
    """Measure the Frechet distance of generated samples from data, at equal sizes.

    ``fid_<network>`` compares the first N samples with N data, ``fid_<network>_floor`` N other data with the same data:
    the value of a perfect model at this size. N, which is ``fid_<network>_num_samples``, is the minimum of the numbers
    of samples, references and others. Samples that are not finite make it nan.
    It cannot tell which samples are bad, nor whether they were memorised; and it is comparable only at equal N.

    Args:
        network: The feature network. Its name is part of the metric's, since plain FID means Inception.
        reference: (R, F), features of data.
        others: (M, F), features of other data, for the floor.

    Raises:
        ConfigurationError: If there are fewer than two of either.

    Example:
        >>> class Pixels(torch.nn.Flatten):
        ...     name = "pixels"
        >>> draw = torch.Generator().manual_seed(0)
        >>> metric = FrechetDistance(Pixels(), torch.randn(100, 2, generator=draw), torch.randn(100, 2, generator=draw))
        >>> samples = torch.randn(100, 2, generator=draw) + 3
        >>> metric.update(GeneratedBatch(torch.arange(100), samples, {}, 100))
        >>> {name: round(value.item(), 1) for name, value in metric.compute().items()}
        {'fid_pixels': 18.9, 'fid_pixels_floor': 0.0, 'fid_pixels_num_samples': 100}
    """

    total: Tensor
    products: Tensor

    def __init__(self, network: FeatureNetwork, reference: Tensor, others: Tensor) -> None:
        super().__init__(network, reference, others)
        size = reference.shape[1]
        self.add_state("total", torch.zeros(size, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("products", torch.zeros(size, size, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Add the features of a batch, up to the number of data to compare with.

        Args:
            generated: Samples; those with an index beyond the data are left out.
        """
        # moments around a value near the mean, for precision
        features = self.features_of(generated).double() - self._pivot
        self.total = self.total + features.sum(0)
        self.products = self.products + features.T @ features
        self.num_samples = self.num_samples + len(features)

    def compute(self) -> dict[str, Tensor]:
        """The distances.

        Returns:
            Flat names to scalars: distances float64, nan below two samples, and their number int64.
        """
        number = int(self.num_samples)
        reference, others = self.reference[:number].double(), self.others[:number].double()
        name, distance = f"fid_{self.network.name}", float("nan")
        if number > 1:
            mean = self.total / number
            covariance = (self.products - number * mean.outer(mean)) / (number - 1)
            size = len(mean)
            distance = frechet_distance(
                mean + self._pivot, covariance, reference.mean(0), reference.T.cov().reshape(size, size)
            )
        return self.scalars(
            {
                name: distance,
                f"{name}_floor": feature_distance(others, reference),
                f"{name}_num_samples": self.num_samples,
            }
        )

    @property
    def _pivot(self) -> Tensor:
        return self.reference[0].double()
