"""Families of data as the tests know them: each adds its rows to the tables of tests, in a file of its own here."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FAMILIES = ("gaussian", "hands", "mnist", "shapes")
"""All that are shipped. A new one gets its name here, and a file beside this one."""

ABSENT = tuple(family for family in FAMILIES if not (ROOT / "lightning_modeinterp/data" / family).is_dir())
"""Those that were taken away: none, but in the copies that `tests/integration/test_without_a_family.py` makes."""


def is_named_for(family: str, text: str) -> bool:
    """Whether the name of a family is a word of a path, or of a command."""
    return re.search(rf"(?<![a-z]){family}(?![a-z])", text) is not None


def rows(table: str) -> dict[Any, Any]:
    """What the families that are there add to a table, all together."""
    found: dict[Any, Any] = {}
    for family in FAMILIES:
        if family not in ABSENT:
            found |= getattr(import_module(f"{__name__}.{family}"), table, {})
    return found
