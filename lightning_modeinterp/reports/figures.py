"""What the figures of a test show, in plain words."""

from collections.abc import Iterator
from pathlib import Path

from lightning_modeinterp.reports.content import Picture, Section

FIGURES = {
    "samples": (
        "Samples beside data",
        "What the model has drawn, beside what it was trained on; hallucinations are marked.",
    ),
    "density": (
        "Density of the samples",
        "How often each value is drawn, against the true density of the data. Bars where the true curve is flat at "
        "zero are hallucinations.",
    ),
    "sorted_by_variance": (
        "Samples by variance",
        "Where, or on which images, the predicted clean sample moved most and least at the end.",
    ),
    "variance": (
        "Variance by verdict",
        "How restless hallucinations and good samples were. The further the two lie apart, the better the detector.",
    ),
    "predicted_x_0": (
        "The prediction along the way",
        "The predicted clean sample at each step. For good samples it comes to rest; for hallucinations it goes on "
        "moving.",
    ),
    "roc": (
        "Hallucinations found against good samples lost",
        "Each point is a threshold. A curve along the top left corner would be a perfect detector, the diagonal is a "
        "coin.",
    ),
    "windows": (
        "Other parts of the trajectory",
        "How well the variance over each part of the trajectory, and each rival score, detects.",
    ),
    "kept_and_flagged": ("Kept and flagged", "Images on either side of the threshold; hallucinations are framed."),
    "variance_maps": ("Where the variance is", "For each image, the pixels in which the prediction moved."),
    "pairs": ("Between which modes", "How many samples lie between two modes, against chance: 1 is chance."),
    "score": (
        "The learned score beside the true one",
        "Between two modes the true score jumps; the learned one turns slowly: there hallucinations arise.",
    ),
    "bottleneck": ("The bottleneck of the network", "Images as the middle of the network sees them, by t-SNE."),
}
"""Title and caption by the name of the file, in the order in which they are shown; others follow by their names."""


def figures(folder: Path) -> Iterator[Section]:
    """The section with the figures that a test has drawn; none where it has drawn none.

    Args:
        folder: The run directory.
    """
    files = {path.stem: path for path in sorted((folder / "figures").glob("*.png"))}
    names = [name for name in FIGURES if name in files] + [name for name in files if name not in FIGURES]
    if names:
        pictures = [Picture.of(files[name], *FIGURES.get(name, (name.replace("_", " "), ""))) for name in names]
        yield Section("Figures", (), pictures)
