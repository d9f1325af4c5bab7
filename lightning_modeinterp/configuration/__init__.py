"""Configs that come with the package."""

from lightning_modeinterp.configuration.shipped import (
    CONFIGS,
    copy_configs,
    first_comment,
    shipped_names,
    with_shipped_paths,
)

__all__ = ["CONFIGS", "copy_configs", "first_comment", "shipped_names", "with_shipped_paths"]
