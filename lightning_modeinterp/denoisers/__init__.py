from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.denoisers.diffusers_unet import DiffusersUNet
from lightning_modeinterp.denoisers.mlp import MLP
from lightning_modeinterp.denoisers.unet import UNet

__all__ = ["MLP", "Denoiser", "DiffusersUNet", "UNet"]
