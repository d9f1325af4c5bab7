"""Distances between sets of images in a network's feature space, by torch-fidelity, at equal sizes, with a floor.

The numbers are FID, KID, precision and recall. These names are used for Inception features; for others the network's
name is appended.
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
