"""What the commands share that read classes from their arguments: their help, and missing arguments as written."""

import argparse

from jsonargparse import DefaultHelpFormatter


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
