"""Parser of the commands that read no config: errors of one line, no abbreviations."""

import argparse
from typing import Any, NoReturn

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
