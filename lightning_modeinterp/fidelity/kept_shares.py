"""Distance from the data if only the samples of lowest score are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.fidelity.extractors import Extractor
from lightning_modeinterp.fidelity.sources import ImageSets
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics.functional import feature_distance
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sample_store.store import MANIFEST
from lightning_modeinterp.threshold import as_suspicion

SHARES = (1.0, 0.98, 0.96, 0.93, 0.9, 0.8, 0.7, 0.6, 0.5)
NUM_CHOICES = 10
"""Random choices per size."""


@dataclass(frozen=True)
class KeptShares:
    """Frechet distances of kept samples from as many data.

    Args:
        shares: Decreasing shares of kept samples.
        by_score: For each score, the distances of the samples where it is lowest.
        by_chance: For each share, the distances of random choices.
        floor: Distances of as many other data.
    """

    shares: Sequence[float]
    by_score: Mapping[str, Sequence[float]]
    by_chance: Sequence[Sequence[float]]
    floor: Sequence[float]


def kept_shares(sets: ImageSets, extractor: Extractor, scores: Mapping[str, Tensor]) -> KeptShares:
    """Measure the samples that each score keeps, and as many random ones, at equal sizes.

    A distance grows as sets get smaller, so compare a score with chance at the same share, not two shares.

    Args:
        sets: Three sets of N images.
        extractor: The network of the features.
        scores: By name, (N,) each; nan counts as the highest.

    Raises:
        ConfigurationError: If a score is not one number per image.
    """
    samples, reference, others = (
        extractor.features(extractor.prepared(images)) for images in (sets.samples, sets.reference, sets.others)
    )
    number = len(samples)
    if wrong := [name for name, values in scores.items() if values.shape != (number,)]:
        raise ConfigurationError(f"expected scores of shape ({number},), got another for {', '.join(wrong)}")
    sizes = [round(share * number) for share in SHARES]
    if sizes[-1] < 2:
        raise ConfigurationError(f"fidelity: expected at least 3 images for --by, of which half are two, got {number}")
    lowest = {name: as_suspicion(values).argsort(stable=True) for name, values in scores.items()}
    choices = [
        torch.randperm(number, generator=keyed_generator(0, "fidelity/kept", choice)) for choice in range(NUM_CHOICES)
    ]
    return KeptShares(
        SHARES,
        {
            name: [feature_distance(samples[order[:size]], reference[:size]) for size in sizes]
            for name, order in lowest.items()
        },
        [[feature_distance(samples[order[:size]], reference[:size]) for order in choices] for size in sizes],
        [feature_distance(others[:size], reference[:size]) for size in sizes],
    )


def scores_of(source: str | Path, names: Sequence[str], num_samples: int) -> dict[str, Tensor]:
    """Scores of the first samples of a store.

    Args:
        source: The store.
        names: Names of the scores.
        num_samples: Number of samples N.

    Returns:
        By name, (N,).

    Raises:
        ConfigurationError: If it is not a store, or has no such score.
    """
    if names and not (Path(source) / MANIFEST).is_file():
        raise ConfigurationError(f"fidelity: expected a sample store, which holds scores, for --by, got {source}")
    batches = list(SampleStore.open(source)) if names else []
    return {name: torch.cat([batch.score(name) for batch in batches])[:num_samples] for name in names}
