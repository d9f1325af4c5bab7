from typing import Any

from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.denoisers.diffusers_export import save_as_diffusers
from lightning_modeinterp.denoisers.diffusers_folder import DiffusersFolder
from lightning_modeinterp.denoisers.diffusers_unet import DiffusersUNet
from lightning_modeinterp.denoisers.mlp import MLP
from lightning_modeinterp.denoisers.toy_checkpoint import load_toy_state_dict
from lightning_modeinterp.denoisers.unet import UNet
from lightning_modeinterp.moved_names import moved

__all__ = ["MLP", "Denoiser", "DiffusersFolder", "DiffusersUNet", "UNet", "load_toy_state_dict", "save_as_diffusers"]


def __getattr__(name: str) -> Any:
    """Resolve old names of classes that have moved to their data."""
    return moved(__name__, name)
