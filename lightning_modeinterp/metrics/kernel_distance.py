"""KID of generated samples in the feature space of a small network, over all samples at once."""

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional.kernel_distance import (
    MOST_FEATURES,
    KernelSums,
    kernel_distance,
    kernel_sums,
)
from lightning_modeinterp.metrics.of_features import FeatureNetwork, OfFeatures
from lightning_modeinterp.records import GeneratedBatch


class KernelDistance(OfFeatures):
    """Measure the kernel distance of generated samples from data.

    ``kid_<network>`` compares the first N samples with N data, ``kid_<network>_floor`` N other data with the same data.
    Its mean is 0 for perfect samples of any number, and it may be negative, so unlike the Frechet distance it does not
    need equal sizes. Samples that are not finite make it nan.
    It cannot tell which samples are bad, nor whether they were memorised.

    Args:
        network: The feature network, with at most 256 features.
        reference: (R, F), features of data.
        others: (M, F), features of other data, for the floor.

    Raises:
        ConfigurationError: If there are fewer than two of either, or too many features.

    Example:
        >>> class Pixels(torch.nn.Flatten):
        ...     name = "pixels"
        >>> draw = torch.Generator().manual_seed(0)
        >>> metric = KernelDistance(Pixels(), torch.randn(100, 2, generator=draw), torch.randn(100, 2, generator=draw))
        >>> samples = torch.randn(100, 2, generator=draw) + 3
        >>> metric.update(GeneratedBatch(torch.arange(100), samples, {}, 100))
        >>> {name: round(value.item(), 1) for name, value in metric.compute().items()}
        {'kid_pixels': 1379.2, 'kid_pixels_floor': -0.2}
    """

    first: Tensor
    second: Tensor
    third: Tensor
    with_itself: Tensor

    def __init__(self, network: FeatureNetwork, reference: Tensor, others: Tensor) -> None:
        super().__init__(network, reference, others)
        size = reference.shape[1]
        if size > MOST_FEATURES:
            raise ConfigurationError(
                f"KernelDistance: expected at most {MOST_FEATURES} features, got {size}; `modeinterp fidelity` takes "
                "more"
            )
        shapes = {"first": (size,), "second": (size, size), "third": (size, size, size), "with_itself": ()}
        for name, shape in shapes.items():
            self.add_state(name, torch.zeros(shape, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Add the features of a batch, up to the number of data to compare with.

        Args:
            generated: Samples; those with an index beyond the data are left out.
        """
        sums = kernel_sums(self.features_of(generated))
        self.first = self.first + sums.first
        self.second = self.second + sums.second
        self.third = self.third + sums.third
        self.with_itself = self.with_itself + sums.with_itself
        self.num_samples = self.num_samples + sums.number

    def compute(self) -> dict[str, Tensor]:
        """The distances, float64 scalars; nan for fewer than two samples."""
        number, name = int(self.num_samples), f"kid_{self.network.name}"
        reference = kernel_sums(self.reference[:number])
        samples = KernelSums(self.first, self.second, self.third, self.with_itself, self.num_samples)
        others = kernel_sums(self.others[:number])
        return self.scalars(
            {name: kernel_distance(samples, reference), f"{name}_floor": kernel_distance(others, reference)}
        )
