from lightning_modeinterp.diffusion.decoders.base import Decoder
from lightning_modeinterp.diffusion.decoders.discretized_gaussian import DiscretizedGaussianDecoder
from lightning_modeinterp.diffusion.decoders.gaussian import GaussianDecoder

__all__ = ["Decoder", "DiscretizedGaussianDecoder", "GaussianDecoder"]
