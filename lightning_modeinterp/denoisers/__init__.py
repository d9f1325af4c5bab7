from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.denoisers.exact_mixture import ExactMixture
from lightning_modeinterp.denoisers.mlp import MLP

__all__ = ["MLP", "Denoiser", "ExactMixture"]
