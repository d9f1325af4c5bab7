"""From the parser's report of several lines to the one line that helps.

jsonargparse says where in a tree of types a value failed; a user wants to know which option, what it got and what comes
closest to what they meant. Each class of a config is parsed by a parser of its own, whose one line the outer parsers
hand on.
"""

import difflib
import re
from collections.abc import Iterable

_KEY = re.compile(r'Parser key "([^"]+)":\s*(.*)')
_OPTION = re.compile(r"(?:Option|Key) '([^']+)' is not (?:accepted|expected)")
_UNKNOWN = re.compile(r"[Uu]nrecognized arguments: --?([\w.+-]+)")
_NOISE = re.compile(
    r"Expected a <class 'NoneType'>|Does not validate|Subtypes:|Errors:|Given value|Problem with given|Not a valid sub"
)
_STARTS_WITH_KEY = re.compile(r"[\w.]+: ")


def one_line(message: str, options: Iterable[str]) -> str:
    """Say in one line what was wrong with the arguments.

    Args:
        message: What the parser said.
        options: The options that the parser has, with or without leading dashes.

    Example:
        >>> one_line("unrecognized arguments: --trainer.max_stepz 3", ["--trainer.max_steps"])
        'trainer.max_stepz: no such option; did you mean trainer.max_steps?'
    """
    if unknown := _UNKNOWN.search(message) or _OPTION.search(message):
        return f"{unknown[1]}: no such option{_nearest(unknown[1], [option.lstrip('-') for option in options])}"
    lines = [line.strip().removeprefix("- ") for line in message.splitlines() if line.strip()]
    keys = ".".join(match[1] for line in lines if (match := _KEY.match(line))) or "arguments"
    reasons = [_KEY.sub(r"\2", line) for line in lines if not _NOISE.match(line)]
    reason = "; ".join(_plain(reason) for reason in reasons if reason)
    return f"{keys}.{reason}" if _STARTS_WITH_KEY.match(reason) else f"{keys}: {reason}"


def first_of(kinds: tuple[type[Exception], ...], error: BaseException) -> BaseException | None:
    """The first error of certain kinds along the chain of causes; None if there is none."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, kinds):
        seen = seen.__cause__ or seen.__context__
    return seen


def _nearest(name: str, names: list[str]) -> str:
    known = [each for each in names if each not in ("h", "config", "c") and not each.endswith("help")]
    if found := difflib.get_close_matches(name, known, n=1):
        return f"; did you mean {found[0]}?"
    return f"; there are {', '.join(known)}" if 0 < len(known) <= 12 else ""


def _plain(reason: str) -> str:
    reason = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", reason)
    reason = re.sub(r"a typing\.Literal\[(.*?)\]", r"one of \1", reason).replace("Expected a int", "Expected an int")
    return reason.replace(". Got value:", ", got").replace("Expected", "expected")
