from lightning_modeinterp.diffusion.samplers.ancestral import AncestralSampler
from lightning_modeinterp.diffusion.samplers.base import PredictX0, Sampler, UpdateScales, followed_by_clean
from lightning_modeinterp.diffusion.samplers.ddim import DDIMSampler

__all__ = ["AncestralSampler", "DDIMSampler", "PredictX0", "Sampler", "UpdateScales", "followed_by_clean"]
