"""Look at images and label them by eye: a page that needs nothing else, and the labels that it saves."""

from lightning_modeinterp.sheets.contact_sheet import SheetImage, contact_sheet
from lightning_modeinterp.sheets.labels import NUMBERS, HumanLabels, image_key, labels_of_kinds, read_labels

__all__ = [
    "NUMBERS",
    "HumanLabels",
    "SheetImage",
    "contact_sheet",
    "image_key",
    "labels_of_kinds",
    "read_labels",
]
