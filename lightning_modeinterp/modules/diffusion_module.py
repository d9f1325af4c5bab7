"""The training code around a denoiser, for any diffusion model: losses, samples, optimiser."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.cli import LRSchedulerCallable
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor
from torch.optim import Optimizer
from torchmetrics import MeanMetric

from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import PredictionType, x_0_from
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.diffusion.samplers.soundness import doubts
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Drawing, Generation
from lightning_modeinterp.keyed_noise import BatchNoise, keyed_generator
from lightning_modeinterp.modules.as_sampled import as_sampled
from lightning_modeinterp.modules.hyperparameters import keep_hyperparameters
from lightning_modeinterp.modules.non_finite import NonFiniteLossError
from lightning_modeinterp.modules.plateau import StepOnPlateau, with_plateau
from lightning_modeinterp.modules.shared_by_copies import SharedByCopies
from lightning_modeinterp.records import GeneratedBatch, NoiseLevel

OptimizerCallable = Callable[[Iterable[torch.nn.Parameter]], Optimizer]


class DiffusionModule(L.LightningModule, ABC):
    """A diffusion model. A subclass implements `loss_terms`.

    All noise is keyed: training noise by (seed, batch number), sampling noise by the block. Sampling settings are in
    the datamodule's ``generation``, so a checkpoint holds none of them.

    Args:
        denoiser: The network.
        noise_schedule: How the noise grows with time.
        prediction: What the network predicts.
        optimizer: Factory of the optimiser. Adam at 1e-3 if None, as in the paper's code.
        lr_scheduler: Factory of the learning rate scheduler, stepped every optimiser step, or after each validation if
            it is a `ReduceLROnPlateau`. Constant rate if None.
        seed: Seed of the training noise. If None, ``seed_everything`` on the command line, else 0.
        compile_denoiser: Compile the network in training (`torch.compile`). This takes about a minute, so it pays
            off in long fits; results differ in the last bits.

    Raises:
        ConfigurationError: If the denoiser cannot give this prediction, or was made for another noise schedule.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        noise_schedule: NoiseSchedule,
        prediction: PredictionType = "eps",
        optimizer: OptimizerCallable | None = None,
        lr_scheduler: LRSchedulerCallable | None = None,
        seed: int | None = None,
        compile_denoiser: bool = False,
    ) -> None:
        super().__init__()
        keep_hyperparameters(self)
        if denoiser.prediction not in (None, prediction):
            raise ConfigurationError(
                f"model.prediction: expected {denoiser.prediction}, the only one that {type(denoiser).__name__} can "
                f"give, got {prediction}"
            )
        denoiser.check_schedule(noise_schedule)
        self.denoiser = denoiser
        self.noise_schedule = noise_schedule
        self.prediction: PredictionType = prediction
        self.optimizer = optimizer and SharedByCopies(optimizer)
        self.lr_scheduler = lr_scheduler and SharedByCopies(lr_scheduler)
        self.seed = seed or 0
        self.compile_denoiser = compile_denoiser
        self._loss_means: dict[str, MeanMetric] = {}

    @property
    def needs_checkpoint(self) -> bool:
        """Whether it has weights that need training, beyond a pretrained denoiser."""
        return not self.denoiser.is_trained and any(weights.requires_grad for weights in self.parameters())

    @abstractmethod
    def loss_terms(self, x_0: Tensor, noise: BatchNoise) -> dict[str, Tensor]:
        """Loss of one batch by named terms; ``loss`` is minimised.

        Args:
            x_0: This process's clean samples, (B, *sample_shape), model units.
            noise: The only source of randomness; the same for any number of processes.
        """

    def predict_x_0(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """Clean sample predicted by the network, (B, *sample_shape) in the dtype of x_t, under any autocast.

        Args:
            x_t: Noised samples, (B, *sample_shape), model units.
            level: Noise levels, (B,) or (1,).
        """
        output = self.denoiser(x_t, level).to(x_t.dtype)
        return x_0_from(output, x_t, level, self.prediction)

    def drawing(
        self,
        generation: Generation | None = None,
        data: ModeInterpDataModule | None = None,
        predict_x_0: PredictX0 | None = None,
    ) -> Drawing:
        """Draws samples of this model, block by block; needs no Trainer if the data are given.

        Args:
            generation: Sampling settings; those of the data if None.
            data: Sets shape, units and oracle of the samples; those of the Trainer if None.
            predict_x_0: Another model to sample from. If None this one, or the exact one if ``true_score`` is set.

        Raises:
            ConfigurationError: If there are no data, or ``true_score`` is set and their true score is unknown.
        """
        data = self._data if data is None else data
        generation = data.generation if generation is None else generation
        return Drawing(
            predict_x_0=predict_x_0 or self.sampled_model(generation, data),
            schedule=self.noise_schedule,
            sample_shape=data.sample_shape,
            generation=generation,
            to_data_units=data.to_data_units,
            oracle=data.support,
            has_diverged=data.has_diverged,
            device=self.device,
            context=partial(as_sampled, self),
        )

    def generate(
        self,
        generation: Generation,
        blocks: Iterable[int] | Tensor,
        purpose: str = "predict",
        predict_x_0: PredictX0 | None = None,
        data: ModeInterpDataModule | None = None,
    ) -> GeneratedBatch:
        """Draw blocks, convert them to data units and judge them.

        Args:
            generation: Sampling settings.
            blocks: Numbers of the n blocks; int64 if a tensor.
            purpose: Use of the samples; each purpose has its own noise.
            predict_x_0: See `drawing`.
            data: See `drawing`.
        """
        numbers = blocks.tolist() if isinstance(blocks, Tensor) else blocks
        return GeneratedBatch.joined(list(self.drawing(generation, data, predict_x_0).blocks(numbers, purpose)))

    def sampled_model(self, generation: Generation, data: ModeInterpDataModule | None = None) -> PredictX0:
        """The model to sample from: this one, or the exact one if ``true_score`` is set.

        Args:
            generation: Sampling settings.
            data: Data with the exact model; those of the Trainer if None.

        Raises:
            ConfigurationError: If ``true_score`` is set and the data's true score is unknown.
        """
        if not generation.true_score:
            return self.predict_x_0
        data = self._data if data is None else data
        exact = data.exact_denoiser_on(self.device)
        if exact is None:
            raise ConfigurationError(
                f"generation.true_score: expected data whose true score is known, got {type(data).__name__}; "
                "set it to false"
            )
        return exact

    def setup(self, stage: str) -> None:
        """Refuse settings that do not fit, before anything is computed."""
        generation = self._data.generation
        generation.check(self.noise_schedule, self._data.sample_shape)
        self._data.check_generation()
        self.sampled_model(generation)
        self._warn_of(generation.monitoring() if stage in ("fit", "validate") else generation)
        if self.compile_denoiser and stage == "fit":
            self.denoiser.compile()  # in place: names and weights stay the same

    def _warn_of(self, generation: Generation) -> None:
        if generation.num_samples > 0 and not generation.true_score:
            for line in doubts(generation.sampler, self.noise_schedule, self.prediction):
                rank_zero_warn(line)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Loss of a batch (B, *sample_shape) in model units."""
        terms = self._terms(batch, "training", self.trainer.fit_loop.total_batch_idx)
        if (self.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            means = {name: self._over_processes(term) for name, term in terms.items()}
            if not means["loss"].isfinite():  # on all processes at once, so that none waits for one that has stopped
                self._data.refuse_not_finite("train")
                raise NonFiniteLossError("the loss", self.global_step)
            self.log_dict({f"train/{name}": mean for name, mean in means.items()}, prog_bar=True)
        return terms["loss"]

    def validation_step(  # type: ignore[override]  # a record, which Lightning passes to the callbacks
        self, batch: Tensor, batch_idx: int, dataloader_idx: int = 0
    ) -> GeneratedBatch | None:
        """Compute the loss on data (loader 0), or draw the requested blocks with the monitor's settings (loader 1)."""
        if dataloader_idx == 1:
            return self.generate(self._data.generation.monitoring(), batch, "monitor")
        self._add_loss("val", batch, batch_idx)
        return None

    def on_validation_epoch_end(self) -> None:
        """Log the validation loss."""
        self._log_losses("val")

    def test_step(  # type: ignore[override]  # a record, which Lightning passes to the callbacks
        self, batch: Tensor, batch_idx: int, dataloader_idx: int = 0
    ) -> GeneratedBatch | None:
        """Compute the loss on data (loader 0), or draw the requested blocks (loader 1)."""
        if dataloader_idx == 1:
            return self.generate(self._data.generation, batch, "test")
        self._add_loss("test", batch, batch_idx)
        return None

    def on_test_epoch_end(self) -> None:
        """Log the test loss."""
        self._log_losses("test")

    def predict_step(self, batch: Tensor, batch_idx: int, dataloader_idx: int = 0) -> GeneratedBatch:
        """Draw the requested blocks."""
        return self.generate(self._data.generation, batch, "predict")

    def mean_losses(self) -> dict[str, Tensor]:
        """Mean losses of the current validation or test, by name. All processes have to call it.

        The mean is over all samples of all processes; Lightning's own mean rounds their number. For callbacks, whose
        epoch end comes before the losses are logged.
        """
        return {name: mean.compute().float() for name, mean in self._loss_means.items()}

    def configure_optimizers(self) -> Any:
        """Optimiser, and the scheduler if there is one."""
        make = self.optimizer or (lambda parameters: torch.optim.Adam(parameters, lr=1e-3))
        try:
            optimizer = make(self.parameters())
        except ValueError as error:
            raise ConfigurationError(f"model.optimizer: {error}") from error
        if self.lr_scheduler is None:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": with_plateau(self.lr_scheduler(optimizer))}

    def configure_callbacks(self) -> list[Callback]:
        """The callback that steps a scheduler after validations."""
        return [StepOnPlateau()] if self.lr_scheduler else []

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the last good checkpoint: refuse to write one with weights that are not finite."""
        if not all(weights.isfinite().all() for weights in self.parameters()):
            raise NonFiniteLossError("a weight", self.global_step)

    def _terms(self, batch: Tensor, purpose: str, index: int) -> dict[str, Tensor]:
        generator = keyed_generator(self.seed, purpose, index, self.device)
        noise = BatchNoise(generator, self._data.batch_size, self.global_rank, self.trainer.world_size)
        return self.loss_terms(batch, noise)

    def _over_processes(self, term: Tensor) -> Tensor:
        """Mean over the processes, whose shares of a batch are equal."""
        return self.trainer.strategy.reduce(term.detach().clone(), reduce_op="mean")

    def _add_loss(self, stage: str, batch: Tensor, batch_idx: int) -> None:
        for name, term in self._terms(batch, stage, batch_idx).items():
            # keep nan: by default it would be dropped from the mean
            mean = self._loss_means.setdefault(name, MeanMetric(nan_strategy=math.nan))
            mean.set_dtype(torch.float64).to(self.device)
            mean.update(term, weight=len(batch))

    def _log_losses(self, stage: str) -> None:
        means = self.mean_losses()
        self._loss_means = {}
        if "loss" in means and not means["loss"].isfinite():  # the same on all processes
            self._data.refuse_not_finite("validation" if stage == "val" else "test")
        self.log_dict({f"{stage}/{name}": mean for name, mean in means.items()}, sync_dist=True)

    @property
    def _data(self) -> ModeInterpDataModule:
        data = getattr(self._trainer, "datamodule", None)
        if not isinstance(data, ModeInterpDataModule):
            raise ConfigurationError(
                f"{type(self).__name__}: expected a ModeInterpDataModule, which says what to generate and what a "
                f"hallucination is, got {type(data).__name__}; give data where there is no Trainer"
            )
        return data
