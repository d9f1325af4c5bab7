"""Messages of libraries, shortened and in the terms of a config."""

import difflib
import re
import textwrap

from omegaconf.errors import OmegaConfBaseException

LONGEST = 400
"""Characters of a library's message that are shown; MODEINTERP_DEBUG=1 shows all."""

_MONITORED = re.compile(r"(?:metric `|monitor=')(?P<name>[^`']+)[`'].*?(?:following|metrics): (?P<known>.*)", re.DOTALL)
_OBJECT = re.compile(r"<(?:\w+\.)*(\w+) object at 0x[0-9a-f]+>")
_WEIGHTS = re.compile(r"Error\(s\) in loading state_dict for (\w+):")
_VARIABLE = re.compile(r"Environment variable '(\w+)' not found")
_NO_KEY = re.compile(r"Interpolation key '\.*([^']+)' not found")
_NO_RESOLVER = re.compile(r"Unsupported interpolation type (\S+)")


def in_one_line(error: BaseException) -> str:
    r"""The message of a library, in one line and not too long.

    Example:
        >>> in_one_line(ValueError("expected a number,\n   got none"))
        'expected a number, got none'
    """
    said = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if found := _MONITORED.search(said):
        return _not_logged(found["name"], re.findall(r"[`']([^`']+)[`']", found["known"]))
    said = _WEIGHTS.sub(r"expected the weights of this \1, got others:", said)
    joined = " ".join(_OBJECT.sub(r"\1", said).split()) or type(error).__name__
    return textwrap.shorten(joined, LONGEST, placeholder=" ... (MODEINTERP_DEBUG=1 shows the rest)")


def names_a_metric(error: BaseException) -> bool:
    """Whether a callback says that its metric is not logged, which it knows only after a validation."""
    return bool(_MONITORED.search(str(error)))


def _not_logged(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"expected monitor to be a metric that this run logs, got {name}{meant} docs/tracking.md lists them"


def interpolation_line(error: OmegaConfBaseException) -> str:
    """What is wrong with a ``${...}`` in a config, with the name of the value that holds it.

    Args:
        error: What OmegaConf raised; its ``full_key`` begins with the command.
    """
    said = str(error)
    where = str(error.full_key or "").partition(".")[2] or "-c"
    if found := _VARIABLE.search(said):
        return (
            f"{where}: expected the environment variable {found[1]}, found none; export {found[1]}=..., or write "
            f"${{oc.env:{found[1]},default}}"
        )
    if found := _NO_KEY.search(said):
        return (
            f"{where}: expected ${{...}} to name a value of the config, got {found[1]}; in a section file it is "
            "resolved within that section, and leading dots go up"
        )
    if found := _NO_RESOLVER.search(said):
        return f"{where}: expected a resolver that OmegaConf has, such as ${{oc.env:NAME}}, got ${{{found[1]}:...}}"
    return f"{where}: expected a ${{...}} that OmegaConf can read, got: {said.splitlines()[0]}"
