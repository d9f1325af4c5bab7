"""A folder of images, decoded once to a cache file that every process memory-maps.

The file is named by a hash of the folder, the names, sizes and times of its files, and their preparation. So a folder
that changes gets a new cache file. It is written under a temporary name and renamed, under a lock: if several processes
start at once, one decodes and the others wait for it.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import PIL
from filelock import FileLock
from numpy.typing import NDArray

from lightning_modeinterp.data.images.decoding import BrokenImageError, Preparation, decode_image, find_images
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import aside_of, publish, write_aside

FORMAT = 1
NUM_NAMED = 3
"""Number of broken files that a message lists."""


@dataclass(frozen=True)
class CachedImages:
    """Decoded images.

    Args:
        images: (N, C, H, W) uint8, memory-mapped, read-only.
        names: N file names, relative to the folder, sorted.
        broken: The problem of each file that was left out, by name.
    """

    images: NDArray[np.uint8]
    names: tuple[str, ...]
    broken: dict[str, str]


def default_cache() -> Path:
    """Default cache folder: ``$XDG_CACHE_HOME/lightning_modeinterp``, or in ``~/.cache`` if it is not set."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lightning_modeinterp"


def cached_images(
    folder: str | Path, preparation: Preparation, cache: str | Path | None = None, max_broken: float = 0.0
) -> CachedImages:
    """Images of a folder and its sub-folders, decoded if they are not cached.

    Args:
        folder: Folder of the image files.
        preparation: How to prepare each image.
        cache: Cache folder; `default_cache` if None.
        max_broken: Maximum share of broken files, which are left out; with more the folder is refused.

    Raises:
        ConfigurationError: If there are no images, the cache cannot be written, or too many files are broken.
    """
    folder = Path(folder)
    names = find_images(folder)
    place = Path(cache or default_cache())
    key = _key(folder, names, preparation)
    content, listing = place / f"{key}.bytes", place / f"{key}.json"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / f"{key}.lock"):
            if not _is_whole(content, listing, preparation):
                _decode(folder, names, preparation, content, listing)
    except PermissionError as error:
        raise ConfigurationError(
            f"cache: expected a folder that can be written, got {place} ({error.strerror}); choose another"
        ) from error
    found = json.loads(listing.read_text())
    if len(found["broken"]) > max_broken * len(names):
        raise ConfigurationError(_said(folder, found["broken"], len(names), max_broken))
    if not found["names"]:
        raise ConfigurationError(
            f"images: expected at least one readable image in {folder}, got {len(names)} broken ones"
        )
    shape = (len(found["names"]), *preparation.shape)
    return CachedImages(np.memmap(content, np.uint8, "r", shape=shape), tuple(found["names"]), found["broken"])


def _key(folder: Path, names: Sequence[str], preparation: Preparation) -> str:
    states = [(name, state.st_size, state.st_mtime_ns) for name in names for state in [(folder / name).stat()]]
    facts = [FORMAT, PIL.__version__, str(folder.resolve()), asdict(preparation), states]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _is_whole(content: Path, listing: Path, preparation: Preparation) -> bool:
    if not (content.is_file() and listing.is_file()):
        return False
    num_images = len(json.loads(listing.read_text())["names"])
    return content.stat().st_size == num_images * int(np.prod(preparation.shape))


def _decode(folder: Path, names: Sequence[str], preparation: Preparation, content: Path, listing: Path) -> None:
    broken: dict[str, str] = {}
    aside = aside_of(content)
    with aside.open("wb") as file:
        for name, image in zip(names, _decoded(folder, names, preparation), strict=True):
            if isinstance(image, BrokenImageError):
                broken[name] = str(image)
            else:
                file.write(image.tobytes())
    found = {"names": [name for name in names if name not in broken], "broken": broken}
    write_aside(listing, json.dumps(found, indent=1).encode())
    publish(aside, content)


def _decoded(
    folder: Path, names: Iterable[str], preparation: Preparation
) -> Iterator[NDArray[np.uint8] | BrokenImageError]:
    """Images in the order of their names, on one thread per core: Pillow decodes without Python's lock."""

    def decode(name: str) -> NDArray[np.uint8] | BrokenImageError:
        try:
            return decode_image(folder / name, preparation)
        except BrokenImageError as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield from threads.map(decode, names)


def _said(folder: Path, broken: dict[str, str], num_files: int, max_broken: float) -> str:
    named = [f"{name} ({reason})" for name, reason in list(broken.items())[:NUM_NAMED]]
    others = f" and {len(broken) - NUM_NAMED} more" if len(broken) > NUM_NAMED else ""
    return (
        f"images: expected at most {max_broken:g} of the {num_files} files in {folder} to be broken, got "
        f"{len(broken)}: {'; '.join(named)}{others}; fix or remove them, or raise max_broken to leave them out"
    )
