"""Titles and captions of the figures of a test, in plain words."""

from collections.abc import Iterator
from pathlib import Path

from lightning_modeinterp.reports.content import Picture, Section

FIGURES = {
    "samples": (
        "Samples beside data",
        "Samples of the model beside its training data; hallucinations are marked.",
    ),
    "density": (
        "Density of the samples",
        "How often each value is drawn, and the true density of the data. Bars where the true density is almost zero "
        "are hallucinations.",
    ),
    "sorted_by_variance": (
        "Samples by variance",
        "The samples whose predicted clean sample moved most and least at the end.",
    ),
    "variance": (
        "Variance by verdict",
        "Variance of hallucinations and of good samples. The further the two are apart, the better the detector.",
    ),
    "predicted_x_0": (
        "The prediction along the trajectory",
        "The predicted clean sample at each step. For good samples it settles; for hallucinations it keeps moving.",
    ),
    "roc": (
        "Hallucinations found against good samples lost",
        "Each point is a threshold. A curve along the top left corner is a perfect detector, the diagonal is chance.",
    ),
    "windows": (
        "Other parts of the trajectory",
        "How well the variance over each part of the trajectory, and each other score, detects hallucinations.",
    ),
    "kept_and_flagged": ("Kept and flagged", "Images on either side of the threshold; hallucinations are framed."),
    "variance_maps": ("Where the variance is", "For each image, the pixels in which the prediction moved."),
    "pairs": ("Between which modes", "How many samples lie between two modes, relative to chance: 1 is chance."),
    "score": (
        "The learned score beside the true one",
        "Between two modes the true score jumps; the learned one changes smoothly, and hallucinations arise there.",
    ),
    "bottleneck": ("The bottleneck of the network", "Images in the feature space of the network's middle, by t-SNE."),
}
"""Title and caption by file name, in the order of display; other files follow, sorted by name."""


def figures(folder: Path) -> Iterator[Section]:
    """The section with the figures of a test, if there are any.

    Args:
        folder: The run directory.
    """
    files = {path.stem: path for path in sorted((folder / "figures").glob("*.png"))}
    names = [name for name in FIGURES if name in files] + [name for name in files if name not in FIGURES]
    if names:
        pictures = [Picture.of(files[name], *FIGURES.get(name, (name.replace("_", " "), ""))) for name in names]
        yield Section("Figures", (), pictures)
