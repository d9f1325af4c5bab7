"""Compare samples with data, and other data with the same data."""

import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torch_fidelity import calculate_metrics

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.fidelity.extractors import Extractor
from lightning_modeinterp.fidelity.sources import ImageSets
from lightning_modeinterp.metrics.functional import feature_distance, frechet_interval

NAMES = {
    "frechet_inception_distance": "fid",
    "kernel_inception_distance_mean": "kid",
    "kernel_inception_distance_std": "kid_std",
    "precision": "precision",
    "recall": "recall",
    "inception_score_mean": "isc",
}
SMALLEST_SIZE = 100


class _Bare(Dataset[Tensor]):
    """Images one at a time, as torch-fidelity expects them."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index]


@dataclass(frozen=True)
class Comparison:
    """Frechet distances of sets of increasing size.

    Args:
        sizes: Increasing sizes.
        samples: Distance of that many samples from as many data.
        floor: Distance of other data from the same data.
    """

    sizes: Sequence[int]
    samples: Sequence[float]
    floor: Sequence[float]


def fidelity(
    sets: ImageSets, extractor: Extractor, kid_subset_size: int = 1000, num_replicates: int = 200
) -> dict[str, float | int]:
    """Compare samples with data, and other data with the same data.

    ``fid`` with its bootstrap interval ``_low``, ``_high``; ``kid`` and ``kid_std`` over its subsets; ``precision`` and
    ``recall``; ``isc``, the inception score, if the network classifies. Each has a ``_floor``: its value for other data
    at the same size. Names end in the network's name unless it is Inception. None of them can tell memorised data from
    new samples.

    Args:
        sets: Three sets of one size.
        extractor: The network of the features.
        kid_subset_size: Size of KID's subsets, at most that of the sets.
        num_replicates: Bootstrap replicates of the interval. 0 for no interval.

    Raises:
        ConfigurationError: If the sets are smaller than KID's subsets, or the network does not accept the images.
    """
    number = len(sets.samples)
    if number < kid_subset_size:
        raise ConfigurationError(
            f"fidelity: expected at least the {kid_subset_size} images of a subset of KID on each side, got {number}; "
            "use more, or a smaller --kid-subset-size"
        )
    samples, reference, others = map(extractor.prepared, (sets.samples, sets.reference, sets.others))
    numbers: dict[str, float | int] = {}
    for ending, images in (("", samples), ("_floor", others)):
        values = _of_torch_fidelity(images, reference, extractor, kid_subset_size)
        numbers |= {
            f"{ours}{extractor.suffix}{ending}": values[theirs] for theirs, ours in NAMES.items() if theirs in values
        }
    if num_replicates:
        low, high = frechet_interval(extractor.features(samples), extractor.features(reference), num_replicates)
        numbers |= {f"fid{extractor.suffix}_low": low, f"fid{extractor.suffix}_high": high}
    return {**numbers, "num_samples": number, "kid_subset_size": kid_subset_size}


def sizes_curve(sets: ImageSets, extractor: Extractor) -> Comparison:
    """Frechet distances at sizes that double up to that of the sets, from about 100.

    Args:
        sets: Three sets of one size.
        extractor: The network of the features.
    """
    samples, reference, others = (
        extractor.features(extractor.prepared(images)) for images in (sets.samples, sets.reference, sets.others)
    )
    sizes = [len(samples)]
    while sizes[0] >= 2 * SMALLEST_SIZE:
        sizes.insert(0, sizes[0] // 2)
    return Comparison(
        sizes,
        [feature_distance(samples[:size], reference[:size]) for size in sizes],
        [feature_distance(others[:size], reference[:size]) for size in sizes],
    )


def _of_torch_fidelity(
    images: Tensor, reference: Tensor, extractor: Extractor, kid_subset_size: int
) -> Mapping[str, float]:
    with redirect_stderr(io.StringIO()):  # it prints there regardless of its settings
        values: Mapping[str, float] = calculate_metrics(
            input1=_Bare(images),
            input2=_Bare(reference),
            fid=True,
            kid=True,
            prc=True,
            isc=extractor.has_logits,
            kid_subset_size=kid_subset_size,
            cuda=torch.cuda.is_available(),
            cache=False,
            save_cpu_ram=True,  # no worker processes: the images are in memory
            batch_size=256,
            verbose=False,
            **extractor.options,
        )
    return values
