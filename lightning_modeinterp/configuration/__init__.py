"""Configs that ship with the package."""

from lightning_modeinterp.configuration.shipped import (
    CONFIGS,
    config_path,
    copy_configs,
    first_sentence,
    shipped_names,
    shipped_or_own,
    with_shipped_paths,
)

__all__ = [
    "CONFIGS",
    "config_path",
    "copy_configs",
    "first_sentence",
    "shipped_names",
    "shipped_or_own",
    "with_shipped_paths",
]
