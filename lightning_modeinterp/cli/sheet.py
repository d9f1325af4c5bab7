"""``modeinterp sheet``: a page to look at images and label them by eye."""

from collections.abc import Sequence
from pathlib import Path

from lightning_modeinterp.cli.one_line_parser import OneLineParser
from lightning_modeinterp.cli.sheet_content import ENDS, Wanted, of_folder, of_store
from lightning_modeinterp.data.images import Preparation
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.sample_store.store import MANIFEST
from lightning_modeinterp.sheets import contact_sheet

DESCRIPTION = """\
Write an HTML page with images of a store or a folder, to view and label in any browser. It sorts by any score of the
images, and saves a CSV file of labels for `modeinterp threshold` or an oracle.

The labels are the kinds of the store's oracle, one letter each. If the oracle counts something, such as fingers, or if
there is no oracle: keys 0 to 9 for the number, m for malformed, e for empty. --labels sets others. If there are more
than --num images, those at both ends of the score --by are shown.

  modeinterp sheet RUN_DIR/predictions --by variance/last_10
  modeinterp sheet FOLDER --scores scores.csv --labels g=good,b=bad
"""


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``sheet``.

    Raises:
        ConfigurationError: If the images, the scores or an option do not fit.
    """
    given = parser().parse_args(args)
    if given.num < 1:
        raise ConfigurationError(f"sheet: expected --num of at least 1, got {given.num}")
    source: Path = given.images
    wanted = Wanted(given.num, given.by, given.end)
    if (source / MANIFEST).is_file():
        if given.scores is not None:
            raise ConfigurationError(
                f"sheet: expected no --scores with a store, which has its own, got {given.scores}; remove it"
            )
        content = of_store(source, wanted)
    else:
        preparation = Preparation(given.image_size, "grey" if given.colours == "grey" else "rgb", "pad")
        content = of_folder(source, wanted, preparation, given.scores)
    labels = content.labels if given.labels is None else _labels(given.labels)
    out = given.out or source.with_name(f"{source.name}_sheet.html")
    page = contact_sheet(content.images, labels, f"{source.parent.name}/{source.name}", content.note, content.by)
    write_aside(out, page.encode())
    print(f"sheet finished; its output is in {out}")


def parser() -> OneLineParser:
    """The parser of the command."""
    made = OneLineParser("sheet", description=DESCRIPTION)
    made.add_argument("images", type=Path, metavar="STORE", help="the store that predict wrote, or a folder of images")
    made.add_argument("--out", type=Path, help="file to write; beside the images by default")
    made.add_argument("--num", type=int, default=200, help="maximum number of images; 200 by default")
    made.add_argument("--by", help="score to sort by; by default the order of the images, or the first of --scores")
    made.add_argument("--end", choices=ENDS, default="both", help="which end of the score to show; both by default")
    made.add_argument("--scores", type=Path, help="scores of a folder: a CSV file with a column file or index")
    made.add_argument("--labels", help="KEY=LABEL, separated by commas, instead of those above")
    made.add_argument(
        "--image-size", type=int, default=128, help="size of images from a folder, in pixels; 128 by default"
    )
    made.add_argument("--colours", choices=("grey", "rgb"), default="rgb", help="colours of images from a folder")
    return made


def _labels(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(len(key) == 1 and sign and label for key, sign, label in pairs):
        raise ConfigurationError(
            f"sheet: expected --labels as KEY=LABEL separated by commas, such as g=good,b=bad, got {text}"
        )
    return {key: label for key, _, label in pairs}
