"""From the parser's report of several lines to the one line that helps.

jsonargparse says where in a tree of types a value failed; a user wants to know which option, what it got and what comes
closest to what they meant.
"""

import difflib
import importlib
import inspect
import re
from collections.abc import Iterable

_KEY = re.compile(r'Parser key "([^"]+)":\s*(.*)')
_CLASS = re.compile(r"Problem with given class_path '([^']+)'")
_OPTION = re.compile(r"(?:Option|Key) '([^']+)' is not (?:accepted|expected)")
_UNKNOWN = re.compile(r"[Uu]nrecognized arguments: (--?[\w.+-]+)")
_NOISE = re.compile(r"Expected a <class 'NoneType'>|Does not validate|Subtypes:|Errors:|Given value|Problem with given")


def one_line(message: str, options: Iterable[str]) -> str:
    """Say in one line what was wrong with the arguments.

    Args:
        message: What the parser said.
        options: The options that the command has.
    """
    if unknown := _UNKNOWN.search(message):
        return f"{unknown[1]}: no such option" + _nearest(unknown[1], options)
    lines = [line.strip().removeprefix("- ") for line in message.splitlines() if line.strip()]
    keys = [match[1] for line in lines if (match := _KEY.match(line))]
    owners = [match[1] for line in lines if (match := _CLASS.match(line))]
    if option := _OPTION.search(message):
        return ".".join([*keys, option[1]]) + ": " + _not_accepted(option[1], owners)
    reasons = [_KEY.sub(r"\2", line) for line in lines if not _NOISE.match(line)]
    return f"{'.'.join(keys) or 'arguments'}: {'; '.join(_plain(reason) for reason in reasons if reason)}"


def first_of(kinds: tuple[type[Exception], ...], error: BaseException) -> BaseException | None:
    """The first error of certain kinds along the chain of causes; None if there is none."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, kinds):
        seen = seen.__cause__ or seen.__context__
    return seen


def _not_accepted(option: str, owners: list[str]) -> str:
    if not owners:
        return "no such option"
    module, _, name = owners[-1].rpartition(".")
    owner = getattr(importlib.import_module(module), name)
    accepted = [name for name in inspect.signature(owner).parameters if name not in ("self", "sample_shape")]
    return f"no option of {owner.__name__}{_nearest(option, accepted)}; it takes {', '.join(accepted) or 'none'}"


def _nearest(name: str, names: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _plain(reason: str) -> str:
    return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", reason).replace(". Got value:", ", got")
