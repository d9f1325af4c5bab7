"""Which modes hallucinations lie between, over any number of samples."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import count_between, mode_pairs, pair_enrichment, pair_interpolation
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch


class PairInterpolation(GenerationMetric):
    """Measure whether hallucinations lie between neighbours or across the diagonals of cells, compared with chance.

    ``interpolation/neighbour_share`` and ``interpolation/diagonal_share`` of the hallucinated samples,
    ``interpolation/{neighbour,diagonal}_enrichment`` over uniform points (with ``_low``, ``_high``), and
    ``interpolation/num_off_modes``; see `lightning_modeinterp.metrics.functional.pair_interpolation`. A sample belongs
    to the pair whose segment is nearest.
    It cannot tell how often a model hallucinates, nor whether a sample off the modes arose by interpolation.

    Args:
        means: (K, d) centres of the modes, data units.
        radius: Radius of the tubes around the segments, > 0, data units.
        chance_points: (M, d) random points off the modes, M >= 1, data units.

    Raises:
        ConfigurationError: If radius, means and points do not fit together.

    Example:
        >>> import torch
        >>> from lightning_modeinterp.records import SupportVerdict
        >>> kinds, kind = ("in_support", "ambiguous", "off"), torch.tensor([0, 2, 2], dtype=torch.int8)
        >>> samples = torch.tensor([[0.0, 0.0], [0.5, 0.0], [0.5, 0.6]])
        >>> chance = torch.tensor([[0.4, 0.0], [0.7, 0.3], [0.2, 0.7], [0.9, 0.9]])
        >>> metric = PairInterpolation([[0.0, 0.0], [1.0, 0.0]], radius=0.1, chance_points=chance)
        >>> verdict = SupportVerdict(kind, torch.zeros(3).long(), kinds)
        >>> metric.update(GeneratedBatch(torch.arange(3), samples, {}, 3, verdict))
        >>> values = metric.compute()
        >>> values["interpolation/neighbour_share"].item(), values["interpolation/neighbour_enrichment"].item()
        (0.5, 2.0)
    """

    means: Tensor
    modes: Tensor
    is_diagonal: Tensor
    chance_counts: Tensor
    pair_counts: Tensor
    num_off_modes: Tensor

    def __init__(self, means: Tensor | Sequence[Sequence[float]], radius: float, chance_points: Tensor) -> None:
        super().__init__()
        centres = torch.as_tensor(means, dtype=torch.float64)
        _check(centres, radius, chance_points)
        pairs = mode_pairs(centres)
        self.radius = radius
        self.num_chance_points = len(chance_points)
        self.register_buffer("means", centres, persistent=False)
        self.register_buffer("modes", pairs.modes, persistent=False)
        self.register_buffer("is_diagonal", pairs.is_diagonal, persistent=False)
        chance_counts = count_between(chance_points, centres, pairs.modes, radius)
        self.register_buffer("chance_counts", chance_counts, persistent=False)
        self.add_state("pair_counts", torch.zeros_like(chance_counts), dist_reduce_fx="sum")
        self.add_state("num_off_modes", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Count the hallucinated samples of a batch.

        Args:
            generated: Judged samples of d values each.

        Raises:
            ConfigurationError: If the batch was not judged, or does not belong to these modes.
        """
        off_modes = generated.samples[self.verdict_of(generated).hallucinated].flatten(1)
        if off_modes.shape[1] != self.means.shape[1]:
            raise ConfigurationError(
                f"expected samples of {self.means.shape[1]} values, got {off_modes.shape[1]}; "
                "build the metric with the `means` of the data"
            )
        self.pair_counts = self.pair_counts + count_between(off_modes, self.means, self.modes, self.radius)
        self.num_off_modes = self.num_off_modes + len(off_modes)

    def compute(self) -> dict[str, Tensor]:
        """Shares and enrichments of neighbours and diagonals.

        Returns:
            Flat names to scalars, see the class; shares float64, nan if there is nothing to measure.
        """
        num_off_modes = int(self.num_off_modes)
        return self.scalars(
            pair_interpolation(
                self.pair_counts, num_off_modes, self.chance_counts, self.num_chance_points, self.is_diagonal
            )
        )

    def enrichment_of_pairs(self) -> Tensor:
        """The enrichment of each pair; ``modes`` gives their ends, ``is_diagonal`` their kind.

        All processes have to call it, as for `compute`.

        Returns:
            (P,) float64; nan if no sample is off the modes or no random point is in the pair's tube.
        """
        with self.sync_context():
            counts, num_off_modes = self.pair_counts, int(self.num_off_modes)
        return pair_enrichment(counts, num_off_modes, self.chance_counts, self.num_chance_points)


def _check(means: Tensor, radius: float, chance_points: Tensor) -> None:
    if means.ndim != 2 or chance_points.ndim != 2 or chance_points.shape[1] != means.shape[1] or len(chance_points) < 1:
        raise ConfigurationError(
            f"expected means of shape (K, d) and chance points of shape (M, d) with M >= 1, got {tuple(means.shape)} "
            f"and {tuple(chance_points.shape)}; draw points among the modes and leave out those on a mode"
        )
    if not radius > 0:
        raise ConfigurationError(f"expected a radius > 0, got {radius}; 5 standard deviations of a mode are usual")
