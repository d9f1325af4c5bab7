"""What a run is a function of, hashed: what configs say with all that they name, options, and other runs' keys."""

import hashlib
import json
from functools import cache
from pathlib import Path

import yaml

from lightning_modeinterp.errors import ConfigurationError


def content_of(config: str | Path) -> str:
    """What a config says, with all configs that it names in the place of their names; comments and order say nothing.

    Raises:
        ConfigurationError: If one of them does not exist.
    """
    return json.dumps(_read(Path(config)), sort_keys=True)


def _read(config: Path) -> object:
    if not config.is_file():
        raise ConfigurationError(f"expected a config at {config}, found none; run from a clone of the repository")
    return _with_parts(_parsed(config.read_text()), config.parent)


@cache
def _parsed(text: str) -> object:
    """Nobody changes it; keys are asked for by the hundred, and parsing takes milliseconds."""
    return yaml.safe_load(text)


def _with_parts(value: object, folder: Path) -> object:
    if isinstance(value, dict):
        return {name: _with_parts(each, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_parts(each, folder) for each in value]
    return _read(folder / value) if isinstance(value, str) and value.endswith(".yaml") else value


def key_of(*parts: str) -> str:
    """Ten hexadecimal digits that stand for all parts in this order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]
