"""Write the page that goes through the paper figure by figure, from the verdicts that the docs hold.

    python benchmarks/paper_figures.py

What was published and what is ours in the settings is written here; numbers, intervals, seeds, dates and our figures
come from docs/results/claims. `claims.py` writes the page anew when it takes other verdicts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightning_modeinterp.reproduction import CLAIMS, PRESETS, report

PAGE = Path("docs/results/figures.md")
RESULTS = Path("docs/results/claims")
CPU = PRESETS["cpu"]


@dataclass(frozen=True)
class Published:
    """Figures of the paper that show the same.

    Args:
        figures: Page, and number on it.
        title: What they are about.
        shows: What was published, in our words.
        claims: Those that are decided on it.
        ours: What is not as published where the verdicts were given.
        pictures: Further figures of ours, by their files beside the page, and what they show.
        see: Where more of it is, in Markdown.
    """

    figures: Sequence[str]
    title: str
    shows: str
    claims: Sequence[str]
    ours: str
    pictures: Mapping[str, str] = field(default_factory=dict)
    see: str = ""


LINE = (
    "Network and noise schedule are the released ones. Our choice: 8,000 updates of 1,000 samples (published: 50,000 "
    "of 10,000), and sampling that starts where alpha^2 is 1e-7."
)
GRID = (
    "Data and network are the released ones. Our choice: a noise schedule that is linear in log SNR, 8,000 updates of "
    "1,000 samples (published: 100,000 of 10,000), a falling learning rate and averaged weights."
)
SHAPES = (
    "The rules of the data are published. Our choice is everything else: images of 32 x 32 pixels (published: 64 x "
    "64), the U-Net, 3,000 updates of 32 images, averaged weights, and 100 of the 1,000 sampling steps."
)
RECURSION = (
    "The filter drops one of 41 samples, the published share on the grid. Our choice: a filter that drops one of 11 "
    "(`variance_10`), all sizes, the training, sampling in 250 steps on the grid, and the rules of the verdicts."
)

PAPER = (
    Published(
        ("4_1", "16_1", "16_2", "16_3", "16_4"),
        "Samples between modes on a line",
        "A DDPM puts samples between neighbouring modes, at 1, 2 and 3 and at other positions. There are fewer of "
        "them with more training samples, and with modes that are further apart.",
        ("more-samples", "distance"),
        f"{LINE} `more-samples` has N of {', '.join(f'{size:,}' for size in CPU.training_sizes)} training samples, "
        f"with {CPU.updates_per_sample:g} updates per training sample (published: 1). Added by us: the same with "
        f"{CPU.equal_updates:,} updates for every N.",
    ),
    Published(
        ("5_1",),
        "Between nearest modes only",
        "On a square grid of 25 modes, and on the grid turned into a diamond, samples lie between nearest modes, and "
        "not across the diagonals.",
        ("nearest-modes",),
        f"{GRID} The released diamond has a smaller spacing than the grid; a diamond with the spacing of the grid is "
        "added by us. So is the measured number: how many samples lie between two modes, over chance. The paper "
        "shows pictures.",
    ),
    Published(
        ("5_2", "7_1"),
        "The learned score is smooth, and predictions keep moving",
        "Between two modes the true score jumps, and the learned score changes slowly. Along the trajectory the "
        "predicted clean sample of a hallucination keeps moving; that of a good sample settles.",
        ("score-smoothing", "trajectories-settle"),
        f"1D: {LINE} 2D: {GRID} Both numbers, the slope of the score and the movement at the end, are added by us: "
        "the paper shows curves.",
    ),
    Published(
        ("7_2",),
        "Trajectory variance detects hallucinations",
        "In histograms of the variance over the last steps, hallucinations lie to the right of good samples: for 1D "
        "and 2D Gaussians, for Simple Shapes, and by the text for hands. More than 95 % of the hallucinations are "
        "removed at 96 % retained.",
        (
            "variance-separates",
            "detection-1d",
            "detection-2d",
            "variance-separates-shapes",
            "detection-shapes",
            "variance-separates-hands",
            "detection-hands",
        ),
        f"1D: {LINE} 2D: {GRID} Simple Shapes: {SHAPES} The window is the paper's last 10 steps in 1D and their noise "
        "levels in 2D; for images it is not published. A second window was chosen on other samples. The AUROC, and "
        "the comparison with the amount of ink on an image, are added by us. The paper's hands are photos; ours are "
        "drawn.",
        see="[Simple Shapes](shapes.md#detection), [hands](hands.md), [the published training](along_training.md)",
    ),
    Published(
        ("1_1", "6_1", "17_2", "18_1", "19_1", "20_1", "21_1", "22_1", "23_1"),
        "Images that the data never contain",
        "Simple Shapes has each shape at most once, and the model generates images with a shape twice. A model of "
        "photos of hands generates hands with extra and with missing fingers.",
        ("repeated-shapes", "wrong-fingers"),
        f"{SHAPES} Our oracle counts the shapes. The photos of hands are not available here, so our hands are drawn. "
        "A bank of hands with a known true score is added by us.",
        {"hands/kinds_32px.png": "Drawn hands by what is wrong with them, 32 pixels"},
        see="[Simple Shapes](shapes.md), [hands](hands.md)",
    ),
    Published(
        ("15_1",),
        "Two squares lie between one high and one low",
        "In a t-SNE of the U-Net's bottleneck, images with two squares lie between those with one high square and "
        "those with one low square.",
        ("between-heights",),
        f"{SHAPES} The number (the share with neighbours of both kinds) and the comparison with the pixels are added "
        "by us: the paper shows a picture.",
    ),
    Published(
        ("15_2",),
        "Variational diffusion, unequal modes, and the true score",
        "Variational diffusion models interpolate on the grid too, for several T and T'. So does a DDPM on modes of "
        "unequal weight. Samples of the true score lie on the modes.",
        ("vdm-interpolates", "imbalanced-interpolates", "true-score"),
        f"2D: {GRID} In 1D `true-score` has the settings of the [first section](#samples-between-modes-on-a-line). T, "
        "T' and the training of the variational models, and the weights of the modes, are not published: all of them "
        "are our choice. T' is the number of sampling steps.",
    ),
    Published(
        ("9_1", "14_1", "17_1"),
        "Models trained on their own samples",
        "Over the generations the hallucinations increase and the modes of the grid dissolve. If samples of high "
        "variance are dropped before the next training, there are far fewer hallucinations, on the grid and on "
        "Simple Shapes. On MNIST the FID grows more slowly.",
        ("collapse-2d", "filter-2d", "filter-shapes", "filter-mnist"),
        f"{RECURSION} For MNIST the paper publishes neither network, window nor feature network: all of them are our "
        "choice.",
        {
            "recursion/grid_rates.png": "Rate of hallucinations over the generations, all arms",
            "recursion/grid_samples_variance_10.png": "Samples of each generation, one of 11 dropped by variance",
        },
        see="[recursion](recursion.md), [MNIST](mnist.md)",
    ),
)

HEAD = """\
# Figure by figure

**Asked.** What does each figure of [the paper](https://arxiv.org/abs/2406.09358) show, what did we change in the
settings, and what was measured here?

**Found.** [Verdicts](claims.md) has a summary. Numbers on this page are means over seeds with their 95 % interval. The
[rule of each verdict](../claims.md#how-a-verdict-follows) was written before the runs. (If a seed had been seen
before, the rule says so.)

**What this does not show.** A verdict holds for these settings, and training here is much shorter than the paper's.

`5_1` is the first figure on page 5 of the paper.

*This page is written by `python benchmarks/paper_figures.py` from the [verdicts](claims/verdicts.json).*
"""


def page(records: Mapping[str, Mapping[str, Any]]) -> str:
    """The page, in Markdown.

    Args:
        records: What is kept of each claim, see `report.read`.
    """
    return "\n".join([HEAD, *(line for each in PAPER for line in _section(each, records))])


def _section(each: Published, records: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    known = {name: records[name] for name in each.claims if name in records}
    open_ = [name for name in each.claims if name not in records]
    yield f"## {each.title}\n"
    yield f"Figure{'s' * (len(each.figures) > 1)} {', '.join(each.figures)}.\n"
    yield f"**Published.** {each.shows}\n"
    yield f"**Settings.** {each.ours}\n"
    if known:
        yield f"**Measured**, {_when(known)}:\n"
        yield from _table(known)
    if open_:
        yield f"Not decided yet: {', '.join(f'`{name}`' for name in open_)}.\n"
    if each.see:
        yield f"More: {each.see}.\n"
    yield f"```bash\nmodeinterp reproduce {' '.join(each.claims)} --preset {CPU.name}\n```\n"
    for name, record in known.items():
        for file in record["figures"]:
            yield f"![{name}: {_said(file)}](claims/{file})\n"
    for file, said in each.pictures.items():
        yield f"![{said}]({file})\n"


def _when(known: Mapping[str, Mapping[str, Any]]) -> str:
    dates = sorted({record["date"] for record in known.values()})
    presets = sorted({record["preset"] for record in known.values()})
    span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"preset {' and '.join(f'`{name}`' for name in presets)}, {span}"


def _table(known: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| claim | measured | claimed | mean [95 %] | seeds | verdict |"
    yield "|---|---|---|---|---|---|"
    for name, record in known.items():
        for found in record["findings"]:
            cells = [
                f"`{name}`",
                found["question"],
                f"{found['claimed']} {found['bound']:g}",
                report.interval(found),
                str(len(found["seeds"])),
                f"**{found['verdict']}**",
            ]
            yield f"| {' | '.join(cells)} |"
    yield ""


def _said(file: str) -> str:
    stem = Path(file).stem.replace("_", " ")
    of_all = {"seeds": "each seed, the mean with its interval, and the bound", "generations": "generations, all seeds"}
    return of_all.get(stem, f"{stem}, first seed")


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(report.read(RESULTS)))


if __name__ == "__main__":
    missing = set(CLAIMS) - {name for each in PAPER for name in each.claims}
    print(f"no figure of the paper: {', '.join(sorted(missing))}")
    write()
