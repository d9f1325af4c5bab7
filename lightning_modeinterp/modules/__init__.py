from lightning_modeinterp.modules.ddpm import DDPM
from lightning_modeinterp.modules.diffusion_module import DiffusionModule
from lightning_modeinterp.modules.non_finite import NonFiniteLossError
from lightning_modeinterp.modules.subject import subject_of
from lightning_modeinterp.modules.vdm import VDM
from lightning_modeinterp.modules.warmup_cosine import WarmupCosine

__all__ = ["DDPM", "VDM", "DiffusionModule", "NonFiniteLossError", "WarmupCosine", "subject_of"]
