"""How close sets of images are among the features of a network, by torch-fidelity, at equal sizes, with a floor.

The numbers are FID, KID, precision and recall. Only those of Inception features are called so; others carry the
network's name.
"""

from lightning_modeinterp.fidelity.extractors import Inception, NetworkOfData
from lightning_modeinterp.fidelity.kept_shares import KeptShares, kept_shares, scores_of
from lightning_modeinterp.fidelity.measure import Comparison, fidelity, sizes_curve
from lightning_modeinterp.fidelity.sources import ImageSets, network_of, read_sets

__all__ = [
    "Comparison",
    "ImageSets",
    "Inception",
    "KeptShares",
    "NetworkOfData",
    "fidelity",
    "kept_shares",
    "network_of",
    "read_sets",
    "scores_of",
    "sizes_curve",
]
