"""``modeinterp export``: samples of a store, for other tools."""

from collections.abc import Sequence
from pathlib import Path

from lightning_modeinterp.cli.arguments import OneLineParser
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sample_store.export import write_folder, write_npz, write_sheet

FORMS = {"npz": (write_npz, ".npz"), "png": (write_sheet, ".png"), "folder": (write_folder, "_images")}

DESCRIPTION = """\
Write the samples of a store for other tools.

npz     one packed file: arr_0 are the samples (images as bytes, N x H x W x C, as evaluators of images read them),
        beside them their numbers, variances, verdicts and further statistics
png     one picture of the first 100 images side by side
folder  a PNG file for each image
"""


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``export``.

    Raises:
        ConfigurationError: If the store or an option does not fit.
    """
    given = parser().parse_args(args)
    write, ending = FORMS[given.form]
    store = SampleStore.open(given.store)
    out = given.out or given.store.with_name(given.store.name + ending)
    print(f"export finished; its output is in {write(store, out, given.num)}")


def parser() -> OneLineParser:
    """The parser of the command."""
    made = OneLineParser("export", description=DESCRIPTION)
    made.add_argument("store", type=Path, metavar="STORE", help="what predict wrote, RUN_DIR/predictions")
    made.add_argument("--as", dest="form", choices=FORMS, required=True, help="npz, png or folder")
    made.add_argument("--out", type=Path, help="file or folder to write; beside the store by default")
    made.add_argument("--num", type=int, help="only the first so many; all by default, of png 100")
    return made
