"""Files that are whole or not there."""

import hashlib
import os
from pathlib import Path


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
