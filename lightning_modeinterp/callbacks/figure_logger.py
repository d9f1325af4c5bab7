"""Draw what has been sampled: PNG files after a test, and images in the loggers that show them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning as L
import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.callbacks.generated import GeneratedSamplesCallback, data_of, step_of
from lightning_modeinterp.callbacks.kept_samples import KeptSamples
from lightning_modeinterp.callbacks.sample_figures import all_figures, progress_figures, trajectory_figure
from lightning_modeinterp.callbacks.score_figures import score_figures
from lightning_modeinterp.diffusion.trajectories import TrajectoryRecorder
from lightning_modeinterp.loggers import log_image, shows_images
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict


class FigureLogger(GeneratedSamplesCallback):
    """Keep the first samples of an evaluation and draw them when it is over.

    After a test, as PNG files in ``figures/`` and as ``test/figures/<name>`` in loggers that show images: ``density``
    (1D data) or ``samples`` and ``pairs`` (2D), ``variance`` by verdict, ``roc``, ``windows``, ``predicted_x_0``, the
    x_0_hat trajectories of hallucinated and in-support samples, whose blocks are drawn again with a recorder, and
    ``score``, the learned score beside the true one (1D and 2D data whose score is known). At every n-th validation
    ``val/figures/density`` or ``samples``, and ``val/figures/variance``, for such loggers only: without one nothing is
    kept or drawn.
    Data without an oracle have no figures. With several processes they show rank zero's samples.

    Args:
        max_samples: Number of samples that are kept for the figures.
        num_trajectories: Number of trajectories of each class.
        max_replayed_blocks: Number of blocks that are drawn again at most.
        every_n_validations: Validations from one drawing to the next. 0 draws only after a test.
    """

    def __init__(
        self,
        max_samples: int = 200_000,
        num_trajectories: int = 20,
        max_replayed_blocks: int = 4,
        every_n_validations: int = 1,
    ) -> None:
        self.max_samples = max_samples
        self.num_trajectories = num_trajectories
        self.max_replayed_blocks = max_replayed_blocks
        self.every_n_validations = every_n_validations
        self.num_validations = 0
        self.kept = KeptSamples(0)

    def state_dict(self) -> dict[str, Any]:
        """Count on when a fit is resumed, so that its loggers get the rows of one that was not killed."""
        return {"num_validations": self.num_validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See `state_dict`."""
        self.num_validations = state_dict["num_validations"]

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Make room, if this validation is to be drawn."""
        is_due = self.every_n_validations > 0 and self.num_validations % self.every_n_validations == 0
        is_seen = trainer.is_global_zero and any(map(shows_images, trainer.loggers))
        self.kept = KeptSamples(self.max_samples if is_due and is_seen and not trainer.sanity_checking else 0)

    def take(self, module: L.LightningModule, generated: GeneratedBatch) -> None:
        """Keep samples while there is room."""
        self.kept.add(generated)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Show the figures."""
        self.num_validations += not trainer.sanity_checking
        if len(self.kept):
            for name, figure in progress_figures(self.kept, data_of(trainer)):
                _show(trainer, f"val/figures/{name}", figure)

    def on_test_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Forget an earlier test."""
        self.kept = KeptSamples(self.max_samples if trainer.is_global_zero else 0)

    def on_test_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save the figures and show them."""
        if not len(self.kept) or not isinstance(pl_module, DiffusionModule):
            return
        folder = Path(trainer.default_root_dir) / "figures"
        for name, figure in self._test_figures(pl_module):
            figures.save_figure(figure, folder / f"{name}.png")
            _show(trainer, f"test/figures/{name}", figure)

    def _test_figures(self, module: DiffusionModule) -> Iterator[tuple[str, Figure]]:
        yield from all_figures(self.kept, data_of(module.trainer))
        yield "predicted_x_0", self._trajectories(module, data_of(module.trainer).generation.window)
        yield from score_figures(module, data_of(module.trainer))

    def _trajectories(self, module: DiffusionModule, window: str) -> Figure:
        generation, verdict, index = data_of(module.trainer).generation, self.kept.verdict, self.kept.index
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
        return trajectory_figure(
            x_0_hat, hallucinated, range(num_steps - 1, -1, -1), (steps[0], steps[-1]), data_of(module.trainer)
        )

    def _chosen(self, block: Tensor, verdict: SupportVerdict) -> Tensor:
        """Positions of the samples to show, rising: both classes, from as few blocks as allowed."""
        hallucinated, in_support = verdict.hallucinated, verdict.in_support
        per_block = torch.bincount(block[hallucinated], minlength=int(block.max()) + 1)
        blocks = per_block.argsort(descending=True)[: self.max_replayed_blocks]
        near = torch.isin(block, blocks)
        first = [(near & group).nonzero().flatten()[: self.num_trajectories] for group in (hallucinated, in_support)]
        return torch.cat(first).sort().values


def _show(trainer: L.Trainer, name: str, figure: Figure) -> None:
    seeing = [logger for logger in trainer.loggers if shows_images(logger)]
    if seeing:
        image = figures.pixels(figure)
        for logger in seeing:
            log_image(logger, name, image, step_of(trainer))
