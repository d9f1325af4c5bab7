"""When, where and with what a result was made; this may differ between runs with the same result."""

import json
import platform
import sys
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lightning_modeinterp import __version__
from lightning_modeinterp.files import write_aside

LIBRARIES = ("lightning", "torch")


def note_start(file: Path, facts: Mapping[str, Any]) -> None:
    """Append to a JSON list of starts: time, machine, command, versions and further facts."""
    start = {
        "started": _now(),
        "finished": None,
        "host": platform.node(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {"lightning_modeinterp": __version__, **{name: version(name) for name in LIBRARIES}},
        "command": sys.argv,
        **facts,
    }
    _write(file, [*_read(file), start])


def note_end(file: Path) -> None:
    """Record the end time of the last start."""
    *earlier, last = _read(file)
    _write(file, [*earlier, {**last, "finished": _now()}])


def _read(file: Path) -> list[dict[str, Any]]:
    starts: list[dict[str, Any]] = json.loads(file.read_text()) if file.is_file() else []
    return starts


def _write(file: Path, starts: list[dict[str, Any]]) -> None:
    write_aside(file, json.dumps(starts, indent=1).encode())


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
