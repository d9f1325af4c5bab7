"""Keys of runs: hashes of config content, options, and the keys of other runs."""

import hashlib
import json
from functools import cache
from pathlib import Path

import yaml

from lightning_modeinterp.errors import ConfigurationError


def content_of(config: str | Path) -> str:
    """The content of a config with all configs that it names inserted; comments and order are ignored.

    Raises:
        ConfigurationError: If one of them does not exist.
    """
    return json.dumps(_read(Path(config)), sort_keys=True)


def _read(config: Path) -> object:
    if not config.is_file():
        raise ConfigurationError(f"expected a config at {config}, found none; correct its path")
    return _with_parts(_parsed(config.read_text()), config.parent)


@cache
def _parsed(text: str) -> object:
    """Cached and never modified: hundreds of keys are computed, and parsing takes milliseconds."""
    return yaml.safe_load(text)


def _with_parts(value: object, folder: Path) -> object:
    if isinstance(value, dict):
        return {name: _with_parts(each, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_parts(each, folder) for each in value]
    return _read(folder / value) if isinstance(value, str) and value.endswith(".yaml") else value


def key_of(*parts: str) -> str:
    """Ten hexadecimal digits of a hash of all parts in this order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]
