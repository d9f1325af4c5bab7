"""Files that are whole or not there, and YAML that says where it is wrong."""

import hashlib
import os
from pathlib import Path
from typing import Any

import yaml

from lightning_modeinterp.errors import ConfigurationError


def write_aside(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it, so that no reader ever sees a part of it."""
    aside = aside_of(path)
    aside.write_bytes(content)
    publish(aside, path)


def aside_of(path: Path) -> Path:
    """Name in the same folder under which a file is written before it is published."""
    return path.with_name(f".{path.name}.tmp")


def publish(aside: Path, path: Path) -> None:
    """Give a file that is written its name, once its bytes are on disk; what had the name before is replaced."""
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(aside, path)


def sha256(path: Path) -> str:
    """Checksum of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        ConfigurationError: If it cannot be read, with the line that is wrong.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path}: expected YAML as UTF-8 text, got other bytes at position {error.start}; save it as UTF-8"
        ) from error
    except yaml.MarkedYAMLError as error:
        raise ConfigurationError(f"{path}: {_marked(error)}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: expected YAML, got {' '.join(str(error).split())}") from error


def _marked(error: yaml.MarkedYAMLError) -> str:
    """Line, column and problem of what is no YAML."""
    line, column = (error.problem_mark.line, error.problem_mark.column) if error.problem_mark else (0, 0)
    tab = "; indent by spaces, not by tabs" if "cannot start any token" in str(error.problem) else ""
    doing = f" {error.context}" if error.context else ""
    return f"expected YAML, got an error in line {line + 1}, column {column + 1}{doing}: {error.problem}{tab}"
