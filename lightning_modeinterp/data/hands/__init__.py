"""Hands: drawn ones, whose fingers are known, and what counts the fingers of others."""

from lightning_modeinterp.data.hands.distribution import HandImages, Hands
from lightning_modeinterp.data.hands.finger_count import FingerCount
from lightning_modeinterp.data.hands.poses import FINGERS, HandPoses

__all__ = ["FINGERS", "FingerCount", "HandImages", "HandPoses", "Hands"]
