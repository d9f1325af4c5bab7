"""``modeinterp sheet``: a page to look at images and label them by eye."""

from collections.abc import Sequence
from pathlib import Path

import torch

from lightning_modeinterp.cli.arguments import OneLineParser
from lightning_modeinterp.data.images import Preparation, decode_image, find_images, to_bytes
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sheets import NUMBERS, SheetImage, contact_sheet, labels_of_kinds

DESCRIPTION = """\
Write a page with images of a store or a folder, to look at and to label in a browser, on a phone too: keys 0 to 9 for
how many of something there are, m for malformed, e for empty; or those of --labels. The images of a store whose oracle
counts nothing get a key for each of its kinds. It saves a CSV file, which an oracle may take as its labels.
"""


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``sheet``.

    Raises:
        ConfigurationError: If the images or an option do not fit.
    """
    given = parser().parse_args(args)
    if given.num < 1:
        raise ConfigurationError(f"sheet: expected --num of at least 1, got {given.num}")
    source: Path = given.images
    if (source / "manifest.json").is_file():
        images, labels = _of_store(source, given.num)
    else:
        images, labels = _of_folder(source, given.num, given.image_size, given.colours), NUMBERS
    if given.labels is not None:
        labels = _labels(given.labels)
    out = given.out or source.with_name(f"{source.name}_sheet.html")
    write_aside(out, contact_sheet(images, labels, f"{source.parent.name}/{source.name}").encode())
    print(f"sheet finished; its output is in {out}")


def parser() -> OneLineParser:
    """The parser of the command."""
    made = OneLineParser("sheet", description=DESCRIPTION)
    made.add_argument("images", type=Path, metavar="STORE", help="what predict wrote, or a folder of image files")
    made.add_argument("--out", type=Path, help="the page; beside the images by default")
    made.add_argument("--num", type=int, default=200, help="only the first so many; 200 by default")
    made.add_argument("--labels", help="KEY=LABEL, several by commas, in place of those above")
    made.add_argument("--image-size", type=int, default=128, help="pixels that files of a folder get; 128 by default")
    made.add_argument("--colours", choices=("grey", "rgb"), default="rgb", help="of files of a folder")
    return made


def _labels(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(len(key) == 1 and sign and label for key, sign, label in pairs):
        raise ConfigurationError(f"sheet: expected --labels as KEY=LABEL by commas, such as g=good,b=bad, got {text}")
    return {key: label for key, _, label in pairs}


def _of_store(path: Path, number: int) -> tuple[list[SheetImage], dict[str, str]]:
    """Images, and the labels that the oracle's verdict asks for."""
    images: list[SheetImage] = []
    labels = NUMBERS
    for batch in SampleStore.open(path):
        if batch.samples.ndim != 4 or batch.samples.shape[1] not in (1, 3):
            raise ConfigurationError(f"sheet: expected images, got samples of shape {tuple(batch.samples.shape[1:])}")
        kinds = (
            [batch.verdict.kinds[kind] for kind in batch.verdict.kind.tolist()] if batch.verdict else [""] * len(batch)
        )
        if batch.verdict and all(map(torch.is_floating_point, batch.verdict.details.values())):
            labels = labels_of_kinds(batch.verdict.kinds)
        pixels = to_bytes(batch.samples).numpy()
        names = map(str, batch.index.tolist())
        images += [SheetImage(*each) for each in zip(names, pixels, kinds, strict=True)]
        if len(images) >= number:
            break
    return images[:number], labels


def _of_folder(path: Path, number: int, image_size: int, colours: str) -> list[SheetImage]:
    preparation = Preparation(image_size, "grey" if colours == "grey" else "rgb", "pad")
    return [SheetImage(name, decode_image(path / name, preparation)) for name in find_images(path)[:number]]
