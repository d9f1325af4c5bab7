from lightning_modeinterp.modules.ddpm import DDPM
from lightning_modeinterp.modules.diffusion_module import DiffusionModule, NonFiniteLossError

__all__ = ["DDPM", "DiffusionModule", "NonFiniteLossError"]
