"""YAML given on the command line: ``{a:1}`` is one key without a value, where ``{a: 1}`` was meant."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from lightning_modeinterp.errors import ConfigurationError


def refuse_missing_spaces(args: Sequence[str]) -> None:
    """Refuse a mapping that lacks the space behind a colon; the parsers would take it for text.

    Args:
        args: Arguments of the command line.

    Raises:
        ConfigurationError: If there is one.

    Example:
        >>> refuse_missing_spaces(["fit", "--generation.monitor={num_samples:16}"])
        Traceback (most recent call last):
        lightning_modeinterp.errors.ConfigurationError: generation.monitor: expected a space behind each colon, as in \
{num_samples: 16}, got {num_samples:16}
    """
    option = "arguments"
    for arg in args:
        name, _, text = arg.partition("=") if arg.startswith("--") else (option, "", arg)
        option = name.removeprefix("--")
        for key in _keys_without_value(text):
            meant = ": ".join(key.split(":", 1))
            raise ConfigurationError(f"{option}: expected a space behind each colon, as in {{{meant}}}, got {text}")


def _keys_without_value(text: str) -> Iterator[str]:
    """Keys of YAML in brackets that hold a colon and have no value."""
    if not text.startswith(("{", "[")):
        return
    try:
        yield from _keys(yaml.safe_load(text))
    except yaml.YAMLError:
        return  # the parser says what is wrong


def _keys(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        yield from (key for key, value in tree.items() if value is None and isinstance(key, str) and ":" in key)
    if isinstance(tree, dict | list):
        for below in tree.values() if isinstance(tree, dict) else tree:
            yield from _keys(below)
