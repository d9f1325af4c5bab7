"""Drawn hands with a known number of fingers, and an oracle that counts fingers on any image of a hand."""

from lightning_modeinterp.data.hands.bank import HandBank
from lightning_modeinterp.data.hands.bank_datamodule import BankDataset, HandBankDataModule
from lightning_modeinterp.data.hands.datamodule import HandsDataModule
from lightning_modeinterp.data.hands.dataset import HandsDataset
from lightning_modeinterp.data.hands.distribution import HandImages, Hands
from lightning_modeinterp.data.hands.exact_hands import ExactHands
from lightning_modeinterp.data.hands.finger_count import FingerCount
from lightning_modeinterp.data.hands.hand_area import HandArea
from lightning_modeinterp.data.hands.offered_fingers import offered_fingers
from lightning_modeinterp.data.hands.photos import HandPhotosDataModule
from lightning_modeinterp.data.hands.poses import FINGERS, HandPoses
from lightning_modeinterp.data.hands.sixth_finger import SixthFinger

__all__ = [
    "FINGERS",
    "BankDataset",
    "ExactHands",
    "FingerCount",
    "HandArea",
    "HandBank",
    "HandBankDataModule",
    "HandImages",
    "HandPhotosDataModule",
    "HandPoses",
    "Hands",
    "HandsDataModule",
    "HandsDataset",
    "SixthFinger",
    "offered_fingers",
]
