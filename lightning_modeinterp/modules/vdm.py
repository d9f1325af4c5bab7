"""Variational diffusion: the loss is a bound on the data's log-likelihood (Kingma et al. 2021)."""

import torch
from lightning.pytorch.cli import LRSchedulerCallable
from torch import Tensor

from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.diffusion.decoders import Decoder, GaussianDecoder
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import PredictionType, eps_from, noised
from lightning_modeinterp.diffusion.variational_bound import (
    bits_per_dimension,
    continuous_diffusion_loss,
    descend_square,
    discrete_diffusion_loss,
    prior_loss,
)
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import BatchNoise
from lightning_modeinterp.modules.diffusion_module import DiffusionModule, OptimizerCallable
from lightning_modeinterp.records import NoiseLevel


class VDM(DiffusionModule):
    """The variational bound in bits per dimension, in continuous time or in T steps.

    A learned schedule is trained too. The bound trains its ends. Between them, the schedule does not change the bound
    in continuous time, so there it is trained to lower the variance of the loss; in T steps the bound trains it.

    Args:
        denoiser: The network.
        noise_schedule: How the noise grows with time. Its ends are part of the bound: gamma(0) far below, gamma(1) far
            above twice the log of the data's smallest and largest scale.
        prediction: What the network predicts; ``eps`` as published.
        optimizer: Factory of the optimiser, which gets a learned schedule's parameters too. Adam at 1e-3 if None.
        lr_scheduler: Factory of the learning rate scheduler, stepped every optimiser step. Constant rate if None.
        seed: Seed of the training noise. If None, ``seed_everything`` on the command line, else 0.
        num_train_steps: Number T of steps in the bound. Continuous time if None. The number of sampling steps is
            independent of T.
        decoder: Likelihood of the data at t = 0. `GaussianDecoder`, for continuous data, if None.
        is_antithetic: Spread the times of a batch evenly, for a loss of lower variance.
        compile_denoiser: Compile the network in training (`torch.compile`). This takes about a minute, so it pays
            off in long fits; results differ in the last bits.

    Raises:
        ConfigurationError: If the denoiser cannot give this prediction or rounds times, or num_train_steps < 1.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        noise_schedule: NoiseSchedule,
        prediction: PredictionType = "eps",
        optimizer: OptimizerCallable | None = None,
        lr_scheduler: LRSchedulerCallable | None = None,
        seed: int | None = None,
        num_train_steps: int | None = None,
        decoder: Decoder | None = None,
        is_antithetic: bool = True,
        compile_denoiser: bool = False,
    ) -> None:
        super().__init__(denoiser, noise_schedule, prediction, optimizer, lr_scheduler, seed, compile_denoiser)
        if num_train_steps is not None and num_train_steps < 1:
            raise ConfigurationError(
                f"model.num_train_steps: expected at least 1, or null for continuous time, got {num_train_steps}"
            )
        if denoiser.num_rounded_steps is not None:
            raise ConfigurationError(
                f"model.denoiser: expected a network with exact times, got {type(denoiser).__name__} "
                "with times rounded to a grid; set time_table to false"
            )
        self.num_train_steps = num_train_steps
        self.decoder = GaussianDecoder() if decoder is None else decoder
        self.is_antithetic = is_antithetic

    def loss_terms(self, x_0: Tensor, noise: BatchNoise) -> dict[str, Tensor]:
        """See `DiffusionModule.loss_terms`; bits per dimension.

        Returns:
            ``loss``, the bound, and its terms ``diffusion``, ``prior`` and ``reconstruction``.
        """
        x = x_0.to(torch.promote_types(x_0.dtype, torch.float32))
        ends = self.noise_schedule.level(x.new_tensor([0.0, 1.0]))
        bits = {
            "diffusion": self._diffusion(x, noise, x_0.dtype),
            "prior": bits_per_dimension(prior_loss(x, ends[1:].gamma), x.shape[1:]),
            "reconstruction": self._reconstruction(x, noise, ends[:1]),
        }
        terms = {name: each.mean() for name, each in bits.items()}
        return {"loss": terms["diffusion"] + terms["prior"] + terms["reconstruction"], **terms}

    def _diffusion(self, x_0: Tensor, noise: BatchNoise, dtype: torch.dtype) -> Tensor:
        t, eps = noise.times(x_0, self.is_antithetic), noise.normal(like=x_0)
        if self.num_train_steps is not None:
            return self._diffusion_in_steps(x_0, t, eps, self.num_train_steps, dtype)
        rate = self.noise_schedule.rate(t)
        nats = continuous_diffusion_loss(self._eps_hat(x_0, eps, rate.level, dtype), eps, rate.slope)
        bits = bits_per_dimension(nats, x_0.shape[1:])
        descend_square(rate.interior, bits)
        return bits

    def _diffusion_in_steps(self, x_0: Tensor, t: Tensor, eps: Tensor, num_steps: int, dtype: torch.dtype) -> Tensor:
        before = (t * num_steps).floor().clamp(max=num_steps - 1)  # t < 1, but the product may round to T
        level = self.noise_schedule.level((before + 1) / num_steps)
        gamma_step = level.gamma - self.noise_schedule.gamma(before / num_steps)
        nats = discrete_diffusion_loss(self._eps_hat(x_0, eps, level, dtype), eps, gamma_step, num_steps)
        return bits_per_dimension(nats, x_0.shape[1:])

    def _reconstruction(self, x_0: Tensor, noise: BatchNoise, level: NoiseLevel) -> Tensor:
        z_0 = noised(x_0, noise.normal(like=x_0), level)
        return bits_per_dimension(-self.decoder.log_likelihood(x_0, z_0, level), x_0.shape[1:])

    def _eps_hat(self, x_0: Tensor, eps: Tensor, level: NoiseLevel, dtype: torch.dtype) -> Tensor:
        """Predicted noise, in the precision of x_0; the network runs in its own."""
        z_t = noised(x_0, eps, level)
        output = self.denoiser(z_t.to(dtype), level.to(dtype=dtype)).to(x_0.dtype)
        return eps_from(output, z_t, level, self.prediction)
