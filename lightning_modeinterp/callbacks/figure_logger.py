"""Figures of samples: PNG files after a test, and images in loggers that show them."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightning as L
import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.callbacks.chosen_samples import ChosenSamples
from lightning_modeinterp.callbacks.generated import GeneratedSamplesCallback, data_of, step_of
from lightning_modeinterp.callbacks.kept_samples import KeptSamples
from lightning_modeinterp.callbacks.sample_figures import all_figures, progress_figures, trajectory_figure
from lightning_modeinterp.callbacks.validation_probes import probes_of
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.loggers import log_image, shows_images
from lightning_modeinterp.modules import DiffusionModule, subject_of
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store.export import is_image
from lightning_modeinterp.trajectories import TrajectoryObserver, TrajectoryRecorder, VarianceMap

NUM_MAPS = 16
MAX_KEPT = 2**28
"""Maximum number of values in the kept samples."""

MAX_RECORDED = 2**26
"""Maximum number of values in the kept trajectories; fewer are shown if samples are large."""


class FigureLogger(GeneratedSamplesCallback):
    """Keep the first samples of an evaluation and draw them at its end.

    After a test, as PNG files in ``figures/`` and as ``test/figures/<name>`` in loggers that show images: the data
    module's figures of samples (``samples``, ``density`` or ``pairs``); ``variance`` by verdict, ``roc``, ``windows``;
    ``sorted_by_variance``; ``predicted_x_0``, the x_0_hat trajectories of hallucinated and in-support samples; for
    images also ``kept_and_flagged`` and ``variance_maps``; and the figures of all probes, see `Probe`. Blocks of
    samples whose trajectories or maps are shown are redrawn. At every n-th validation ``val/figures/<name>`` of
    samples and ``variance``, for such loggers only: without one nothing is kept or drawn.
    Without an oracle there is no ``roc``, ``windows`` or ``kept_and_flagged``; trajectories are those of
    highest and lowest variance, and validation has ``sorted_by_variance`` too. If all samples have diverged, none
    is drawn. Figures show the samples of all processes; the first process draws them.

    Args:
        max_samples: Number of samples to keep for the figures; of large images at most 1 GiB.
        num_trajectories: Number of trajectories per class.
        max_replayed_blocks: Maximum number of blocks to redraw.
        every_n_validations: Validations between drawings. 0 draws only after a test.
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
        self.room = 0
        self.kept = KeptSamples(self.room)

    def state_dict(self) -> dict[str, Any]:
        """Save the count, so that a resumed fit logs the same rows as an uninterrupted one."""
        return {"num_validations": self.num_validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See `state_dict`."""
        self.num_validations = state_dict["num_validations"]

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start keeping samples, if this validation is to be drawn."""
        is_due = self.every_n_validations > 0 and self.num_validations % self.every_n_validations == 0
        is_seen = any(map(shows_images, trainer.loggers))  # the same on every process
        self._make_room(trainer, self.max_samples if is_due and is_seen and not trainer.sanity_checking else 0)

    def take(self, module: L.LightningModule, generated: GeneratedBatch) -> None:
        """Keep samples up to the limit."""
        self.kept.add(generated)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Show the figures."""
        self.num_validations += not trainer.sanity_checking
        if self._has_gathered(trainer) and len(drawn := self.kept.sound()):  # none where all have diverged
            for name, figure in progress_figures(drawn, data_of(trainer)):
                _show(trainer, f"val/figures/{name}", figure)

    def on_test_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Discard samples of an earlier test."""
        self._make_room(trainer, self.max_samples)

    def on_test_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save the figures and log them; a dry run only draws them."""
        if not self._has_gathered(trainer) or not isinstance(pl_module, DiffusionModule):
            return
        is_dry = bool(trainer.fast_dev_run)  # type: ignore[attr-defined]  # set behind the scenes
        folder = Path(trainer.default_root_dir) / "figures"
        for name, figure in self._test_figures(pl_module):
            if not is_dry:
                figures.save_figure(figure, folder / f"{name}.png")
            _show(trainer, f"test/figures/{name}", figure)

    def _make_room(self, trainer: L.Trainer, max_samples: int) -> None:
        """Start keeping this process's share; blocks go to the processes in turn."""
        self.room = max_samples
        if max_samples > 0:
            self.room = min(max_samples, max(1, MAX_KEPT // math.prod(data_of(trainer).sample_shape)))
        self.kept = KeptSamples(self.room / trainer.world_size)

    def _has_gathered(self, trainer: L.Trainer) -> bool:
        """Gather the samples of all processes, and say whether this process has some to draw."""
        if self.kept.max_samples > 0:
            self.kept = self.kept.gathered(trainer, self.room)
        return len(self.kept) > 0

    def _test_figures(self, module: DiffusionModule) -> Iterator[tuple[str, Figure]]:
        data, kept = data_of(module.trainer), self.kept.sound()
        if len(kept):  # none where all have diverged
            yield from all_figures(kept, data)
            chosen = ChosenSamples.of(kept, data.generation.score, self.num_trajectories, self.max_replayed_blocks)
            if len(chosen):  # none where all are ambiguous
                yield "predicted_x_0", self._trajectories(module, data, chosen)
                if is_image(kept.samples):
                    yield "variance_maps", self._variance_maps(module, data, chosen)
        for probe in probes_of(module.trainer):
            yield from probe.figures(subject_of(module, data))

    def _trajectories(self, module: DiffusionModule, data: ModeInterpDataModule, chosen: ChosenSamples) -> Figure:
        generation = data.generation
        levels = generation.sampler.levels(module.noise_schedule)
        stride = max(1, math.ceil(len(chosen) * len(levels) * math.prod(data.sample_shape) / MAX_RECORDED))
        shown = chosen[::stride]
        x_0_hat = self._draw_again(module, shown.drawn, TrajectoryRecorder).transpose(0, 1)
        num_steps = len(x_0_hat)
        steps = generation.variance.windows[generation.window].steps_left(levels)
        window = (steps[0], steps[-1])
        return trajectory_figure(x_0_hat, shown.is_second, range(num_steps - 1, -1, -1), window, data, shown.sides)

    def _variance_maps(self, module: DiffusionModule, data: ModeInterpDataModule, chosen: ChosenSamples) -> Figure:
        half, second = NUM_MAPS // 2, chosen.is_second
        rows = torch.cat([second.nonzero().flatten()[:half], (~second).nonzero().flatten()[:half]])
        shown = chosen[rows.sort().values].drawn
        window = data.generation.window
        steps = data.generation.variance.windows[window]
        variance = self._draw_again(module, shown, lambda rows: VarianceMap(steps, rows))
        title = f"variance over {window}"
        if shown.verdict:
            return figures.variance_maps(shown.samples, variance, title, flagged=shown.verdict.hallucinated)
        means = list(map(figures.power, shown.score(data.generation.score).tolist()))
        return figures.variance_maps(shown.samples, variance, f"{title}, its mean below each image", captions=means)

    def _draw_again(
        self,
        module: DiffusionModule,
        shown: GeneratedBatch,
        observer_of: Callable[[list[int]], TrajectoryObserver[Any]],
    ) -> Tensor:
        """Results of an observer on chosen samples, (len(shown), ...), in their order."""
        generation, index = data_of(module.trainer).generation, shown.index.tolist()
        drawing = module.drawing()
        results = []
        for block in sorted({i // generation.block_size for i in index}):
            observer = observer_of([i % generation.block_size for i in index if i // generation.block_size == block])
            results.append(drawing.sample(block, "test", {"seen": observer})[1]["seen"])
        return torch.cat(results).cpu()  # blocks rise with the index, so the order is that of the samples


def _show(trainer: L.Trainer, name: str, figure: Figure) -> None:
    seeing = [logger for logger in trainer.loggers if shows_images(logger)]
    if seeing:
        image = figures.pixels(figure)
        for logger in seeing:
            log_image(logger, name, image, step_of(trainer))
