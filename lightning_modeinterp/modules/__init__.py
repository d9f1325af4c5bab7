from lightning_modeinterp.modules.ddpm import DDPM
from lightning_modeinterp.modules.diffusion_module import DiffusionModule, NonFiniteLossError
from lightning_modeinterp.modules.subject import subject_of
from lightning_modeinterp.modules.vdm import VDM

__all__ = ["DDPM", "VDM", "DiffusionModule", "NonFiniteLossError", "subject_of"]
