"""The configs that ship with the package, by name: ``gaussian_1d`` is ``experiment/gaussian_1d.yaml``.

In a checkout they are in the folder ``configs`` beside the package, in an installed package in a copy of it.
"""

import difflib
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from lightning_modeinterp.errors import ConfigurationError

CONFIGS = Path(__file__).parents[1] / "configs"
"""Folder of the shipped configs."""

OF_A_CONFIG = ("-c", "--config")
OF_A_SECTION = ("--data", "--model", "--generation", "--trainer", "--trainer.logger")


def shipped_names() -> list[str]:
    """Names of all shipped configs, ``<kind>/<name>``, sorted."""
    return sorted(path.relative_to(CONFIGS).with_suffix("").as_posix() for path in CONFIGS.glob("*/*.yaml"))


def first_sentence(name: str) -> str:
    """The first sentence of the comment at the top of a shipped config; empty if there is none.

    Args:
        name: Its name, ``<kind>/<name>``.
    """
    lines = (CONFIGS / f"{name}.yaml").read_text().splitlines()
    comment = [line.lstrip("# ") for line in takewhile(lambda line: line.startswith("#"), lines)]
    return " ".join(comment).partition(". ")[0].removesuffix(".")


def with_shipped_paths(arguments: Sequence[str]) -> list[str]:
    """Replace the name of a shipped config by its path; an existing file is kept.

    Args:
        arguments: Arguments of the command line. ``-c NAME`` means an experiment, ``-c KIND/NAME`` or ``--trainer
            trainer/NAME`` any shipped config.

    Raises:
        ConfigurationError: If the value of ``-c`` is neither a file nor a name.
    """
    return list(_each_with_path(arguments))


def config_path(value: str, option: str = OF_A_CONFIG[0]) -> str:
    """The path of a config that is given as a file or as a shipped name.

    Args:
        value: The file or the name.
        option: The option that named it, for the message.

    Raises:
        ConfigurationError: If it is neither.
    """
    if (path := _found(value)) is None:
        raise ConfigurationError(_no_config(value, option))
    return path


def shipped_or_own(value: str | Path) -> Path:
    """The path of a shipped config if its name is given and no such file exists; else the given path."""
    name = str(value).removesuffix(".yaml").removeprefix("configs/")
    return Path(value) if Path(value).exists() or name not in shipped_names() else CONFIGS / f"{name}.yaml"


def _each_with_path(arguments: Sequence[str]) -> Iterator[str]:
    option = ""
    for argument in arguments:
        name, is_joined, value = argument.partition("=")
        if is_joined and name in (*OF_A_CONFIG, *OF_A_SECTION):
            yield f"{name}={_path_of(name, value)}"
        else:
            yield _path_of(option, argument) if option in (*OF_A_CONFIG, *OF_A_SECTION) else argument
        option = argument


def _path_of(option: str, value: str) -> str:
    if option in OF_A_CONFIG:
        return config_path(value)
    return _found(value, kinds=("",)) or value


def _found(value: str, kinds: Sequence[str] = ("", "experiment/")) -> str | None:
    """An existing file, or the shipped config of that name, with or without its kind."""
    if Path(value).is_file():
        return value
    name = value.removesuffix(".yaml").removeprefix("configs/")
    return next((str(CONFIGS / f"{kind}{name}.yaml") for kind in kinds if f"{kind}{name}" in shipped_names()), None)


def _no_config(value: str, option: str) -> str:
    known = {name.removeprefix("experiment/"): name for name in shipped_names()}
    near = difflib.get_close_matches(value.removesuffix(".yaml").rpartition("/")[2], known, n=1)
    hint = f", near {near[0]}" if near else ""
    return f"{option}: expected a config file or a name that `modeinterp configs` lists, got {value}{hint}"


def copy_configs(folder: str | Path) -> list[Path]:
    """Copy all shipped configs to a folder, to edit them.

    Args:
        folder: The folder, created if need be. Existing files with other content are not touched.

    Returns:
        The files written.

    Raises:
        ConfigurationError: If an existing file has other content, or the folder cannot be written to.
    """
    sources = {Path(folder) / f"{name}.yaml": (CONFIGS / f"{name}.yaml").read_bytes() for name in shipped_names()}
    if changed := [str(path) for path, text in sources.items() if path.exists() and path.read_bytes() != text]:
        raise ConfigurationError(
            f"--copy: expected a folder without other configs of these names, got {', '.join(changed)}; choose another "
            "folder or move them away"
        )
    try:
        for path, text in sources.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    except OSError as error:
        raise ConfigurationError(
            f"--copy: expected a folder to write to, got {folder}: {error.strerror}; choose another folder"
        ) from error
    return list(sources)
