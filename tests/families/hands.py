"""Rows of hands; see `gaussian` for what they are."""

from tests.integration.conftest import FEW_IMAGES, UNET

EXPERIMENTS = {"hands_32": (*UNET, *FEW_IMAGES), "hands_bank_32": (*UNET, *FEW_IMAGES)}
LIKE_ANOTHER = {"hands_bank_32": "images as hands_32"}
OF_FILES = {"HandPhotosDataModule": "a folder of photos"}
"""Data modules that read files of a user's, and which; their own tests make some. Not on two processes yet."""
