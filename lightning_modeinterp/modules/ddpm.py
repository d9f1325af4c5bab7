"""Denoising diffusion on a discrete grid of noise levels (Ho et al. 2020)."""

from lightning.pytorch.cli import LRSchedulerCallable
from torch import Tensor

from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.diffusion.losses import clamped_snr_weight, ddpm_loss
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import PredictionType, noised, target
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import BatchNoise
from lightning_modeinterp.modules.diffusion_module import DiffusionModule, OptimizerCallable
from lightning_modeinterp.records import NoiseLevel

_LEAST_FRACTION = 1e-6
"""Tolerance in steps, above the rounding of float64."""


class DDPM(DiffusionModule):
    """Mean squared error at noise levels drawn uniformly from the schedule's T.

    Args:
        denoiser: The network.
        noise_schedule: How the noise grows with time; the network is trained at its T levels.
        prediction: What the network predicts; ``eps`` in the paper.
        optimizer: Factory of the optimiser. Adam at 1e-3 if None, as in the paper's code.
        lr_scheduler: Factory of the learning rate scheduler, stepped every optimiser step. Constant rate if None.
        seed: Seed of the training noise. If None, ``seed_everything`` on the command line, else 0.
        snr_weight_cap: Weight the loss by min(SNR, cap) on x_0 (Min-SNR). Unweighted if None, as in the paper.
        snr_weight_floor: With a cap, the smallest weight on x_0. Above 0 high noise counts too, so that features
            decided early in sampling are learned sooner; use ``prediction: v``, where this weight stays bounded.
        compile_denoiser: Compile the network in training (`torch.compile`). This takes about a minute, so it pays
            off in long fits; results differ in the last bits.

    Raises:
        ConfigurationError: If the denoiser cannot give this prediction or rounds the times of the schedule's levels,
            the cap is not positive or the schedule has trainable parameters.
    """

    grid_t: Tensor
    grid_gamma: Tensor

    def __init__(
        self,
        denoiser: Denoiser,
        noise_schedule: NoiseSchedule,
        prediction: PredictionType = "eps",
        optimizer: OptimizerCallable | None = None,
        lr_scheduler: LRSchedulerCallable | None = None,
        seed: int | None = None,
        snr_weight_cap: float | None = None,
        snr_weight_floor: float = 0.0,
        compile_denoiser: bool = False,
    ) -> None:
        super().__init__(denoiser, noise_schedule, prediction, optimizer, lr_scheduler, seed, compile_denoiser)
        if snr_weight_cap is not None and not snr_weight_cap > 0:
            raise ConfigurationError(f"model.snr_weight_cap: expected a number > 0 or null, got {snr_weight_cap}")
        if not 0 <= snr_weight_floor <= (snr_weight_cap or 0):
            raise ConfigurationError(
                f"model.snr_weight_floor: expected a number from 0 to snr_weight_cap, which is {snr_weight_cap}, got "
                f"{snr_weight_floor}"
            )
        if any(weights.requires_grad for weights in noise_schedule.parameters()):
            raise ConfigurationError(
                f"model.noise_schedule: expected one without parameters, since DDPM trains on a fixed grid, got "
                f"{type(noise_schedule).__name__}; take VDM, or a schedule such as LinearGammaSchedule"
            )
        self.snr_weight_cap, self.snr_weight_floor = snr_weight_cap, snr_weight_floor
        grid = noise_schedule.grid()
        _check_rounding(denoiser, grid)
        self.register_buffer("grid_t", grid.t.float(), persistent=False)
        self.register_buffer("grid_gamma", grid.gamma.float(), persistent=False)

    def loss_terms(self, x_0: Tensor, noise: BatchNoise) -> dict[str, Tensor]:
        """See `DiffusionModule.loss_terms`."""
        index = noise.integers(len(self.grid_t), like=x_0)
        eps = noise.normal(like=x_0)
        level = NoiseLevel(self.grid_t[index], self.grid_gamma[index])
        output = self.denoiser(noised(x_0, eps, level), level).to(x_0.dtype)
        cap, floor = self.snr_weight_cap, self.snr_weight_floor
        weight = None if cap is None else clamped_snr_weight(level, floor, cap, self.prediction)
        return ddpm_loss(output, target(x_0, eps, level, self.prediction), weight)


def _check_rounding(denoiser: Denoiser, grid: NoiseLevel) -> None:
    """Refuse a network that would round the times of the trained levels to others."""
    num_steps = denoiser.num_rounded_steps
    if num_steps is None:
        return
    steps = grid.t * (num_steps - 1)
    if (steps - steps.round()).abs().max() > _LEAST_FRACTION:
        raise ConfigurationError(
            f"model.denoiser: expected times rounded to the noise schedule's {len(grid)} levels, got "
            f"{type(denoiser).__name__} with num_steps {num_steps}; set it to {len(grid)} or set time_table to false"
        )
