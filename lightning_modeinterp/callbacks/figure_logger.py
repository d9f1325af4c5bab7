"""Draw what a test has sampled: PNG files in ``figures/`` of the run directory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.callbacks.generated import data_of
from lightning_modeinterp.datamodules import GaussianMixtureDataModule
from lightning_modeinterp.diffusion.trajectories import TrajectoryRecorder
from lightning_modeinterp.metrics.functional import (
    ScoreCounts,
    auroc_from_counts,
    count_distinct,
    filter_rates,
    removed_name,
    roc_from_counts,
    variance_bin_edges,
    variance_bins,
)
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict

RETAINED = 0.96


class FigureLogger(Callback):
    """Keep the first samples of a test and draw them when it is over.

    Densities (1D data), variance histograms by verdict, ROC, window sweep, and the x_0_hat trajectories of hallucinated
    and in-support samples, whose blocks are drawn again with a recorder. Data without an oracle have none of these.
    With several processes the figures show rank zero's samples.

    Args:
        max_samples: Number of samples that are kept for the figures.
        num_trajectories: Number of trajectories of each class.
        max_replayed_blocks: Number of blocks that are drawn again at most.
    """

    def __init__(self, max_samples: int = 200_000, num_trajectories: int = 20, max_replayed_blocks: int = 4) -> None:
        self.max_samples = max_samples
        self.num_trajectories = num_trajectories
        self.max_replayed_blocks = max_replayed_blocks
        self.batches: list[GeneratedBatch] = []

    def on_test_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Forget an earlier test."""
        self.batches = []

    def on_test_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep generated samples while there is room."""
        is_judged = isinstance(outputs, GeneratedBatch) and outputs.verdict is not None
        if trainer.is_global_zero and is_judged and sum(map(len, self.batches)) < self.max_samples:
            self.batches.append(outputs)

    def on_test_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Draw and save the figures."""
        if not self.batches or not isinstance(pl_module, DiffusionModule):
            return
        folder = Path(trainer.default_root_dir) / "figures"
        for name, figure in self._figures(trainer, pl_module):
            figures.save_figure(figure, folder / f"{name}.png")

    def _figures(self, trainer: L.Trainer, module: DiffusionModule) -> Iterator[tuple[str, Figure]]:
        samples, variance, block, verdict = self._kept()
        data = data_of(trainer)
        if isinstance(data, GaussianMixtureDataModule) and data.mixture.dimension == 1:
            mixture, ambiguous = data.mixture, ~(verdict.in_support | verdict.hallucinated)
            yield (
                "density",
                figures.density_histogram(
                    samples, verdict.hallucinated, mixture.log_density, mixture.means, ambiguous=ambiguous
                ),
            )
        scores = _scores_by_window(variance, block, verdict, data.generation.windows)
        yield from _detection_figures(scores, data.generation.window)
        yield "predicted_x_0", self._trajectories(module, verdict, data.generation.window)

    def _kept(self) -> tuple[Tensor, Tensor, Tensor, SupportVerdict]:
        verdicts = [batch.verdict for batch in self.batches if batch.verdict]
        kind, mode = (torch.cat([getattr(v, name) for v in verdicts]).cpu() for name in ("kind", "mode"))
        samples, variance, block = (
            torch.cat([getattr(batch, name) for batch in self.batches]).cpu()
            for name in ("samples", "trajectory_variance", "block")
        )
        return samples, variance, block, SupportVerdict(kind, mode, verdicts[0].kinds)

    def _trajectories(self, module: DiffusionModule, verdict: SupportVerdict, window: str) -> Figure:
        data = data_of(module.trainer)
        generation = data.generation
        index = torch.cat([batch.index for batch in self.batches]).cpu()
        chosen = self._chosen(index // generation.block_size, verdict)
        paths = []
        for block in sorted({i // generation.block_size for i in index[chosen].tolist()}):
            rows = [i % generation.block_size for i in index[chosen].tolist() if i // generation.block_size == block]
            recorder = {"x_0_hat": TrajectoryRecorder(rows)}
            with torch.inference_mode():
                paths.append(module.draw(generation, block, "test", observers=recorder).statistics["x_0_hat"].cpu())
        x_0_hat = torch.cat(paths).transpose(0, 1)  # blocks rise with the index, so the order is that of `chosen`
        num_steps = len(x_0_hat)
        steps = generation.variance.windows[window].steps_left(generation.sampler.levels(module.noise_schedule))
        hallucinated = verdict.hallucinated[chosen]
        return figures.predicted_trajectories(
            x_0_hat, hallucinated, range(num_steps - 1, -1, -1), (steps[0], steps[-1])
        )

    def _chosen(self, block: Tensor, verdict: SupportVerdict) -> Tensor:
        """Positions of the samples to show, rising: both classes, from as few blocks as allowed."""
        hallucinated, in_support = verdict.hallucinated, verdict.in_support
        per_block = torch.bincount(block[hallucinated], minlength=int(block.max()) + 1)
        blocks = per_block.argsort(descending=True)[: self.max_replayed_blocks]
        near = torch.isin(block, blocks)
        first = [(near & group).nonzero().flatten()[: self.num_trajectories] for group in (hallucinated, in_support)]
        return torch.cat(first).sort().values


def _scores_by_window(
    variance: Tensor, block: Tensor, verdict: SupportVerdict, windows: tuple[str, ...]
) -> dict[str, ScoreCounts]:
    is_clear = verdict.in_support | verdict.hallucinated
    group = (2 * (block % 2) + verdict.hallucinated)[is_clear]
    return {name: count_distinct(variance[is_clear, i], group) for i, name in enumerate(windows)}


def _detection_figures(scores: dict[str, ScoreCounts], window: str) -> Iterator[tuple[str, Figure]]:
    rates = {name: filter_rates(score, RETAINED) for name, score in scores.items()}
    auroc = {name: auroc_from_counts(s.in_support, s.hallucinated).item() for name, s in scores.items()}
    main, upper_edges = scores[window], variance_bin_edges()
    in_support, hallucinated = (
        torch.zeros(len(upper_edges), dtype=torch.int64).index_add(0, variance_bins(main.values), counts)
        for counts in (main.in_support, main.hallucinated)
    )
    edges, threshold = torch.cat([torch.zeros(1), upper_edges]), float(rates[window]["threshold"])
    yield "variance", figures.variance_histogram(edges, in_support, hallucinated, threshold, window)
    curves = {name: roc_from_counts(s.in_support, s.hallucinated) for name, s in scores.items()}
    yield "roc", figures.roc(curves, auroc, window, false_positive_rate=1 - RETAINED)
    removed = [float(rates[name][removed_name(RETAINED)]) for name in scores]
    yield "windows", figures.window_sweep(list(scores), list(auroc.values()), removed, window)
