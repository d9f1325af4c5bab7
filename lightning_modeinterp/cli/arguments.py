"""Parsers of the commands that read no config: errors of one line, no abbreviations."""

import argparse
from typing import Any, NoReturn

from jsonargparse import DefaultHelpFormatter

from lightning_modeinterp.errors import ConfigurationError


class OneLineParser(argparse.ArgumentParser):
    """Reports errors in one line.

    Args:
        command: Name of the command, as in ``modeinterp COMMAND``.
        options: Arguments of `argparse.ArgumentParser`.
    """

    def __init__(self, command: str, **options: Any) -> None:
        super().__init__(
            prog=f"modeinterp {command}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            **options,
        )
        self.command = command

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise ConfigurationError(f"{self.command}: {message}; see modeinterp {self.command} --help")


class HelpFormatter(argparse.RawDescriptionHelpFormatter, DefaultHelpFormatter):
    """Keeps the line breaks of a description, so that examples stand on lines of their own."""


def as_written(message: str, parser: argparse.ArgumentParser) -> str:
    """Name missing arguments in an error as the user writes them; jsonargparse gives ``out`` for ``--out``.

    Args:
        message: The error.
        parser: The parser of these arguments.
    """
    head, required, missing = message.partition("arguments are required: ")
    written = {each.dest: "/".join(each.option_strings) or str(each.metavar) for each in parser._actions}
    return head + required + ", ".join(written.get(name, name) for name in missing.split(", "))
