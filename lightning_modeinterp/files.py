"""Files that are complete or absent, and YAML errors with their position."""

import hashlib
import os
from pathlib import Path
from typing import Any

import yaml

from lightning_modeinterp.errors import ConfigurationError


def write_aside(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it, so that no reader ever sees a partial file."""
    aside = aside_of(path)
    aside.write_bytes(content)
    publish(aside, path)


def aside_of(path: Path) -> Path:
    """Temporary name, in the same folder, of a file before it is published."""
    return path.with_name(f".{path.name}.tmp")


def publish(aside: Path, path: Path) -> None:
    """Rename a written file to its final name once its bytes are on disk; an earlier file is replaced."""
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(aside, path)


def sha256(path: Path) -> str:
    """SHA-256 of a file, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises:
        ConfigurationError: If it cannot be read; the message names the line.
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
    """Line, column and problem of invalid YAML."""
    line, column = (error.problem_mark.line, error.problem_mark.column) if error.problem_mark else (0, 0)
    tab = "; indent with spaces, not tabs" if "cannot start any token" in str(error.problem) else ""
    doing = f" {error.context}" if error.context else ""
    return f"expected YAML, got an error in line {line + 1}, column {column + 1}{doing}: {error.problem}{tab}"
