"""Rates of faults in generated Simple Shapes, and the frequencies of combinations of shapes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import modes_filled, rate_with_interval
from lightning_modeinterp.metrics.support_rates import SupportRates
from lightning_modeinterp.records import GeneratedBatch

SHAPES = ("triangles", "squares", "pentagons")
FAULTS = ("repeated", "misplaced", "malformed")


class ShapeRates(SupportRates):
    """Measure how often images have a shape twice, a misplaced shape, or something that is not a shape.

    Besides the rates of `SupportRates`: ``repeated_rate`` (the paper's hallucination), ``misplaced_rate`` and
    ``malformed_rate``, each with its 95 % Wilson interval, count every image with the fault, also with others.
    ``mode_coverage``, ``mode_weight_tv`` and ``mode_weight_least`` compare the combinations of shapes on images in
    support with those of the data; ``mean_num_shapes`` counts shapes on all images.
    It does not compare the positions with those of the data.

    Args:
        kinds: Names of the kinds, as in the oracle's verdicts.
        weights: (7,) probability of each combination of shapes in the data.

    Raises:
        ConfigurationError: If the kinds are not valid.

    Example:
        >>> import torch
        >>> from lightning_modeinterp.data.shapes.distribution import SimpleShapes
        >>> from lightning_modeinterp.data.shapes.shape_count import ShapeCount
        >>> shapes = SimpleShapes()
        >>> oracle = ShapeCount(shapes)
        >>> images = shapes.sample(50, torch.Generator().manual_seed(0))[0].float()
        >>> batch = GeneratedBatch(torch.arange(50), images, {}, 50, oracle.judge(images))
        >>> metric = ShapeRates(oracle.kinds, shapes.combination_weights)
        >>> metric.update(batch)
        >>> metric.compute()["repeated_rate"]
        tensor(0., dtype=torch.float64)
    """

    weights: Tensor
    fault_counts: Tensor
    mode_counts: Tensor
    num_shapes: Tensor

    def __init__(self, kinds: Sequence[str], weights: Tensor | Sequence[float]) -> None:
        super().__init__(kinds)
        self.register_buffer("weights", torch.as_tensor(weights, dtype=torch.float64), persistent=False)
        self.add_state("fault_counts", torch.zeros(len(FAULTS), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("mode_counts", torch.zeros(len(self.weights), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("num_shapes", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Count the shapes and faults of a batch.

        Args:
            generated: Images judged by `ShapeCount`.

        Raises:
            ConfigurationError: If the batch was not judged, or by another oracle.
        """
        super().update(generated)
        verdict = self.verdict_of(generated)
        if missing := [name for name in (*SHAPES, *FAULTS[1:]) if name not in verdict.details]:
            raise ConfigurationError(
                f"ShapeRates: expected a verdict with the numbers of {', '.join(missing)}, got "
                f"{', '.join(verdict.details) or 'none'}; judge with ShapeCount, or use SupportRates"
            )
        counts = torch.stack([verdict.details[name].long() for name in SHAPES], dim=1)
        faults = [(counts > 1).any(1), *(verdict.details[name] > 0 for name in FAULTS[1:])]
        mode = verdict.mode[verdict.in_support]
        self.fault_counts = self.fault_counts + torch.stack(faults).sum(1)
        self.mode_counts = self.mode_counts + torch.bincount(mode, minlength=len(self.weights))
        self.num_shapes = self.num_shapes + counts.sum()

    def compute(self) -> dict[str, Tensor]:
        """The rates.

        Returns:
            Flat names to scalars: rates float64 in [0, 1] (nan without samples), counts int64.
        """
        num_samples = int(self.kind_counts.sum())
        rates: dict[str, float | Tensor] = {}
        for name, count in zip(FAULTS, self.fault_counts.tolist(), strict=True):
            rates |= rate_with_interval(f"{name}_rate", count, num_samples)
        rates |= {
            **modes_filled(self.mode_counts, self.weights),
            "mean_num_shapes": int(self.num_shapes) / num_samples if num_samples else float("nan"),
        }
        return super().compute() | self.scalars(rates)
