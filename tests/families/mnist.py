"""Rows of MNIST; see `gaussian` and `hands` for what they are."""

OF_FILES = {"MNISTDataModule": "the files of MNIST"}
