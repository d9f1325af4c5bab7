"""``modeinterp fidelity``: how close samples are to data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from lightning_modeinterp.cli.one_line_parser import OneLineParser
from lightning_modeinterp.configuration import shipped_or_own
from lightning_modeinterp.files import write_aside

DESCRIPTION = """\
Compare samples with data in the feature space of a network: FID, KID, precision, recall and inception score, computed
by torch-fidelity. Each comes with its floor: the value for as many other data. All sets have the same size, which is
part of the result.

Without --inception the features come from the network of the data in --reference, if they have one, as in
configs/data/mnist.yaml. The numbers are then named after that network (fid_lenet).
"""

EXAMPLES = """\
examples:
  modeinterp fidelity runs/mnist/seed_0/predictions --reference configs/data/mnist.yaml
  modeinterp fidelity runs/mnist_16/seed_0/predictions --reference data/mnist_16 --by variance/0.25_to_1 --by ink
  modeinterp fidelity my_samples --reference my_photos --inception weights-inception-2015-12-05-6726825d.pth
"""


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``fidelity``.

    Raises:
        ConfigurationError: If sets or options do not fit.
    """
    given = parser().parse_args(args)
    given.reference = shipped_or_own(given.reference)
    # seconds to import, and needed here only
    from lightning_modeinterp import fidelity as room
    from lightning_modeinterp.figures import kept_shares, sample_sizes, save_figure

    network = room.Inception(given.inception) if given.inception else None
    extractor = network or room.NetworkOfData(room.network_of(given.reference))
    sets = room.read_sets(given.samples, given.reference, given.num)
    scores = room.scores_of(given.samples, given.by or [], len(sets.samples))
    numbers, name = room.fidelity(sets, extractor, given.kid_subset_size, given.replicates), f"fid{extractor.suffix}"
    curve = asdict(room.sizes_curve(sets, extractor))
    by_share = asdict(room.kept_shares(sets, extractor, scores)) if scores else {}
    about = {"samples": str(given.samples), "reference": str(given.reference)}
    found = {**numbers, "by_size": curve, "by_share": by_share, **about}
    out = given.out or given.samples.with_name("fidelity")
    out.mkdir(parents=True, exist_ok=True)
    save_figure(sample_sizes(**curve, name=name), out / "sample_sizes.png")
    if by_share:
        save_figure(kept_shares(**by_share, name=name), out / "kept_shares.png")
    write_aside(out / "fidelity.json", json.dumps(found, indent=1).encode())
    print(table(numbers))
    print(f"\nfidelity finished; its output is in {out}")


def table(numbers: Mapping[str, float]) -> str:
    """The numbers, one per line, each with its floor.

    Example:
        >>> print(table({"fid": 2.5, "fid_low": 2.0, "fid_high": 3.0, "fid_floor": 0.5, "num_samples": 1000}))
        fid                      2.5000 [2.0000, 3.0000]  other data: 0.5000
        num_samples                1000
    """
    lines = []
    for name, value in numbers.items():
        if name.endswith(("_low", "_high", "_floor")):
            continue
        line = f"{name:<20} {value:>10,.4f}" if isinstance(value, float) else f"{name:<20} {value:>10}"
        if f"{name}_low" in numbers:
            line += f" [{numbers[f'{name}_low']:.4f}, {numbers[f'{name}_high']:.4f}]"
        if f"{name}_floor" in numbers:
            line += f"  other data: {numbers[f'{name}_floor']:.4f}"
        lines.append(line)
    return "\n".join(lines)


def parser() -> OneLineParser:
    """The parser of the command."""
    made = OneLineParser("fidelity", description=DESCRIPTION, epilog=EXAMPLES)
    made.add_argument(
        "samples", type=Path, metavar="STORE", help="a sample store, a folder of images or an array of bytes"
    )
    reference = "a data config (test data, with training data for the floor), or the same as STORE (split in halves)"
    made.add_argument("--reference", type=Path, required=True, help=reference)
    made.add_argument("--inception", type=Path, help="Inception weights, as published by torch-fidelity")
    made.add_argument("--num", type=int, help="images per set; by default as many as all three sets have")
    made.add_argument("--kid-subset-size", type=int, default=1000, help="images per subset of KID; 1000 by default")
    made.add_argument(
        "--replicates", type=int, default=200, help="bootstrap replicates; 200 by default, 0 for no interval"
    )
    by = "also the distance of the samples with the lowest SCORE, against as many random ones; may be repeated"
    made.add_argument("--by", action="append", metavar="SCORE", help=by)
    made.add_argument("--out", type=Path, help="folder for the numbers and the figure; beside the samples by default")
    return made
