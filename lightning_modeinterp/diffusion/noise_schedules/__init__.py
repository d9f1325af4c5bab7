from lightning_modeinterp.diffusion.noise_schedules.base import NoiseSchedule
from lightning_modeinterp.diffusion.noise_schedules.betas import BetaSchedule, CosineSchedule, LinearBetaSchedule
from lightning_modeinterp.diffusion.noise_schedules.linear_gamma import LinearGammaSchedule

__all__ = ["BetaSchedule", "CosineSchedule", "LinearBetaSchedule", "LinearGammaSchedule", "NoiseSchedule"]
