from lightning_modeinterp.diffusion.noise_schedules.base import NoiseRate, NoiseSchedule
from lightning_modeinterp.diffusion.noise_schedules.betas import BetaSchedule, CosineSchedule, LinearBetaSchedule
from lightning_modeinterp.diffusion.noise_schedules.diffusers_schedule import DiffusersSchedule
from lightning_modeinterp.diffusion.noise_schedules.learned_gamma import LearnedGammaSchedule
from lightning_modeinterp.diffusion.noise_schedules.linear_gamma import LinearGammaSchedule

__all__ = [
    "BetaSchedule",
    "CosineSchedule",
    "DiffusersSchedule",
    "LearnedGammaSchedule",
    "LinearBetaSchedule",
    "LinearGammaSchedule",
    "NoiseRate",
    "NoiseSchedule",
]
