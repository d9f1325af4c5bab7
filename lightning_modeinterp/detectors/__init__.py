from lightning_modeinterp.detectors.base import EndPointScore
from lightning_modeinterp.detectors.ink import Ink
from lightning_modeinterp.detectors.noise_norm import NoiseNorm
from lightning_modeinterp.detectors.score_laplacian import ScoreLaplacian

__all__ = ["EndPointScore", "Ink", "NoiseNorm", "ScoreLaplacian"]
