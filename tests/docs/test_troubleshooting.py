"""The page quotes messages that there are."""

import ast
import errno
import os
import re
from functools import cache

import pytest

from .test_layers import modules
from .test_snippets import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
OF_OTHERS = {
    *("must be less than or equal to the number of the training batches", "`val_check_interval`"),
    *(os.strerror(number) for number in (errno.ENOSPC, errno.EACCES)),
    *("Requirement", "not met"),
}
"""Parts of what Lightning and the system say."""


def messages() -> list[str]:
    """What stands in the first column of the tables, but for a line of sections."""
    rows = re.findall(r"^\| (``?)(.+?)\1 \|", PAGE.read_text(), flags=re.MULTILINE)
    return [message for _, message in rows if "`, `" not in message]


@cache
def said() -> frozenset[str]:
    """All strings in the package, those of f-strings in their parts."""
    trees = [ast.parse(path.read_text()) for path in modules()]
    found = (each.value for tree in trees for each in ast.walk(tree) if isinstance(each, ast.Constant))
    return frozenset(each for each in found if isinstance(each, str))


def is_said(part: str) -> bool:
    plain = re.sub(r"^[\w., ]+: (?=.)", "", part.strip(" :;.,()"))  # without the key
    return any(plain in each for each in said()) or plain in OF_OTHERS


@pytest.mark.parametrize("message", messages())
def test_messages_are_as_the_package_says_them(message: str) -> None:
    parts = [piece for part in message.split("…") for piece in part.split("; ") if piece.strip(" :;.,")]
    assert parts
    assert [part for part in parts if not is_said(part)] == []


def test_the_page_is_no_shorter_than_its_tables() -> None:
    assert len(messages()) > 30
