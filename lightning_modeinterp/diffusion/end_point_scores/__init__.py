from lightning_modeinterp.diffusion.end_point_scores.base import EndPointScore
from lightning_modeinterp.diffusion.end_point_scores.ink import Ink
from lightning_modeinterp.diffusion.end_point_scores.noise_norm import NoiseNorm
from lightning_modeinterp.diffusion.end_point_scores.score_laplacian import ScoreLaplacian

__all__ = ["EndPointScore", "Ink", "NoiseNorm", "ScoreLaplacian"]
