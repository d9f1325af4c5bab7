"""``modeinterp configs``: the configs that come with the package."""

import textwrap
from collections.abc import Sequence

from lightning_modeinterp.cli.one_line_parser import OneLineParser
from lightning_modeinterp.configuration import copy_configs, first_sentence, shipped_names

LONGEST = 110
"""Characters of a config's description that are shown."""


def main(args: Sequence[str]) -> None:
    """List the shipped configs, or write them out with ``--copy DIR``.

    Args:
        args: Arguments after ``configs``.

    Raises:
        ConfigurationError: For unknown arguments, or a folder that has different configs of these names.
    """
    folder = parser().parse_args(list(args)).copy
    if folder is not None:
        print(f"{len(copy_configs(folder))} configs are in {folder}; try: -c {folder}/experiment/gaussian_1d.yaml")
        return
    names = shipped_names()
    width = max(map(len, names))
    for name in names:
        about = textwrap.shorten(first_sentence(name), LONGEST, placeholder=" ...")
        print(f"{name:{width}}  {about}".rstrip())


def parser() -> OneLineParser:
    """The parser of the command."""
    about = "List the configs in the package. Use -c NAME for an experiment, -c KIND/NAME for any other."
    made = OneLineParser("configs", description=about)
    made.add_argument("--copy", metavar="DIR", help="copy all of them to a folder, to edit them")
    return made
