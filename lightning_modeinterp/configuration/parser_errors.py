"""From the parser's report of several lines to the one that helps.

jsonargparse says where in a tree of types a value failed; a user wants to know which option, what it got and the
nearest valid name. Each class of a config has its own parser, whose line the outer parsers pass on.
"""

import difflib
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from lightning_modeinterp.moved_names import SHORT_NAMES

_KEY = re.compile(r'Parser key "([^"]+)":\s*(.*)')
_OPTION = re.compile(r"(?:Option|Key) '([^']+)' is not (?:accepted|expected)|does not accept option '([^']+)'")
_UNKNOWN = re.compile(r"[Uu]nrecognized arguments: (-{0,2})([\w.+-]+)")
_NO_FILE = re.compile(r"Unable to load config ['\"]([^'\"]+)")
_NO_CLASS = re.compile(
    r"dot import path string: (.+)|expects a function or a callable class|No module named|has no attribute"
)
_BAD_PATH = re.compile(r"Problem with given class_path '([^']+)':\s*(?:No module named|module '\S+' has no attribute)")
_OTHER_CLASS = re.compile(r"Import path(?: (\S+))? does not correspond to a subclass of (\w+)")
_LIBRARIES = ("lightning_modeinterp", "lightning", "torch", "torchmetrics")
_VALUE = re.compile(r"Given value: (?!NestedArg)(.+)")
_EXPECTED = re.compile(r"Expected an? <class '(?:\w+\.)*(\w+)'>(?:\. Got value: (.*))?$")
_NOISE = re.compile(
    r"Expected a <class 'NoneType'>|Does not validate|Subtypes:|Errors:|Given value|Problem with given|Not a valid sub"
    r"|Expected a path but|Subclass types expect|a class path \(str\)|a dict with(?:out)? "
)
_MISSING = re.compile(r"the following arguments are required: (.+)")
_ONE_OF = re.compile(r"Expected a typing\.Literal\[(.*)\]$")
_NO_SPEC = re.compile(r"Not a valid subclass of (\w+)")
_IS_SPEC = re.compile(r"\[?(?:Namespace\(|\{')class_path")
_STARTS_WITH_KEY = re.compile(r"[\w.]+: ")


def one_line(
    message: str, options: Iterable[str], class_names: Collection[str] = (), made_for: str | None = None
) -> str:
    """Say in one line what was wrong with the arguments.

    Args:
        message: The parser's message.
        options: Options of the parser, with or without leading dashes.
        class_names: Names of classes that may have been meant.
        made_for: Name of the class whose arguments they are; None for a command.

    Example:
        >>> one_line("unrecognized arguments: --trainer.max_stepz 3", ["--trainer.max_steps"])
        'trainer.max_stepz: no such option; did you mean trainer.max_steps?'
    """
    if (unknown := _UNKNOWN.search(message)) and not unknown[1]:
        return f"{unknown[2]}: expected options only, such as --run.name {unknown[2]}"
    if name := unknown[2] if unknown else _first_group(_OPTION.search(message)):
        return f"{name}: no such option{_nearest(name, [option.lstrip('-') for option in options])}"
    if not _KEY.search(message) and (missing := _MISSING.search(message)):
        return _missing(missing[1], made_for)
    lines = [line.strip().removeprefix("- ") for line in message.splitlines() if line.strip()]
    keys = [match[1] for line in lines if (match := _KEY.match(line))]
    if no_file := _NO_FILE.search(message):
        return f"{keys[0] if keys else '-c'}: expected a config file, found none at {no_file[1]}"
    where = ".".join(keys) or "arguments"
    reason = _class_problem(message, class_names) or _reason([_KEY.sub(r"\2", line) for line in lines], message)
    return f"{where}.{reason}" if _STARTS_WITH_KEY.match(reason) else f"{where}: {reason}"


def _missing(names: str, made_for: str | None) -> str:
    """The message for missing arguments of a class or a command."""
    if made_for:
        return f"{made_for} needs {names}; give it as one of its init_args"
    plain = ", ".join(name.partition(".")[2] or name for name in names.split(", "))
    return f"{plain}: expected in a config, got none; give -c CONFIG (`modeinterp configs` lists some)"


def first_of(kinds: tuple[type[Exception], ...], error: BaseException) -> BaseException | None:
    """The first error of certain kinds along the chain of causes; None if there is none."""
    passed: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, kinds):
        passed.append(seen)
        seen = seen.__cause__ or seen.__context__
        if any(seen is each for each in passed):  # a chain may lead back to its beginning
            return None
    return seen


def _class_problem(message: str, class_names: Collection[str]) -> str | None:
    """What was wrong with the name of a class; None if the problem is another."""
    value = _first_group(_VALUE.search(message))
    if other := _OTHER_CLASS.search(message):
        return f"expected a subclass of {other[2]}, got {other[1] or value}"
    if not (unknown := _BAD_PATH.search(message) or _NO_CLASS.search(message)):
        return None
    name = unknown[1] or value
    if name is None or "{" in name or " " in name:
        return None
    return f"expected the name of a class, got {name}; {_meant(name, class_names)}"


def _meant(name: str, class_names: Collection[str]) -> str:
    module, _, short = name.rpartition(".")
    if short in ("yaml", "yml"):
        return f"is there no such file? {Path(name).absolute()}"
    if module and module.partition(".")[0] not in _LIBRARIES:
        return f"Python finds none of that name; is {module} on PYTHONPATH?"
    if new := SHORT_NAMES.get(short):
        return f"it is {new} now"
    known = {each.lower(): each for each in class_names}
    near = difflib.get_close_matches(short.lower(), known, n=1)
    return f"did you mean {known[near[0]]}?" if near else "a class of your own needs its module: parts.MyClass"


def _reason(lines: Iterable[str], message: str) -> str:
    """The relevant lines; of a union's alternatives the one that was meant, or all of them in one."""
    kept = [line for line in lines if line and not _NOISE.match(line)]
    types = [match for line in kept if (match := _EXPECTED.match(line))]
    values = [value for line in kept if (match := _ONE_OF.match(line)) for value in match[1].split(", ")]
    others = dict.fromkeys(_plain(line) for line in kept if not _EXPECTED.match(line) and not _ONE_OF.match(line))
    value = next((match[2] for match in types if match[2]), None) or _first_group(_VALUE.search(message))
    if others and (value is None or _IS_SPEC.match(value) or not (types or values)):
        return "; ".join(others)  # a class name rules out the other types
    expected = list(dict.fromkeys(_with_article(match[1]) for match in types))
    if spec := _NO_SPEC.search(message):
        expected = [f"the class of a {spec[1]}", *expected]
    if values:
        expected = [
            *(each for each in expected if each != "an int"),
            f"{'one of ' if len(values) > 1 else ''}{', '.join(values)}",
        ]
    got = f", got {value}{_nearest_value(value, values)}" if value else ""
    return "; ".join([*([f"expected {' or '.join(expected)}{got}"] if expected else []), *others])


def _nearest_value(value: str, values: Iterable[str]) -> str:
    near = difflib.get_close_matches(value, [each.strip("'") for each in values], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _with_article(type_name: str) -> str:
    type_name = "list" if type_name == "Iterable" else type_name
    return f"{'an' if type_name[0] in 'aeiouAEIOU' else 'a'} {type_name}"


def _first_group(match: re.Match[str] | None) -> str | None:
    return next((group for group in match.groups() if group), None) if match else None


def _nearest(name: str, names: list[str]) -> str:
    known = [each for each in names if each not in ("h", "config", "c") and not each.endswith("help")]
    if found := difflib.get_close_matches(name, known, n=1):
        return f"; did you mean {found[0]}?"
    return f"; there are {', '.join(known)}" if 0 < len(known) <= 12 else ""


def _plain(reason: str) -> str:
    reason = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", reason)
    reason = re.sub(r"a typing\.Literal\[(.*?)\]", r"one of \1", reason).replace("Expected a int", "Expected an int")
    return reason.replace(". Got value:", ", got").replace("Expected", "expected")
