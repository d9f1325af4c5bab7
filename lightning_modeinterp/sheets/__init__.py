"""View and label images: a self-contained page, and the labels that it saves."""

from lightning_modeinterp.sheets.contact_sheet import SheetImage, contact_sheet
from lightning_modeinterp.sheets.labels import NUMBERS, HumanLabels, image_key, labels_of_kinds, read_labels
from lightning_modeinterp.sheets.score_table import ScoreTable, read_score_table

__all__ = [
    "NUMBERS",
    "HumanLabels",
    "ScoreTable",
    "SheetImage",
    "contact_sheet",
    "image_key",
    "labels_of_kinds",
    "read_labels",
    "read_score_table",
]
