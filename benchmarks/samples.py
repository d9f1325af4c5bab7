"""Draw a set of samples by the command line; a set that was killed goes on and one that is there is kept."""

from collections.abc import Sequence
from pathlib import Path

from lightning_modeinterp.cli import main
from lightning_modeinterp.sample_store import SampleStore


def draw(folder: Path, seed: int, num_samples: int, options: Sequence[str]) -> SampleStore:
    """Draw a set.

    Args:
        folder: The run directory ``<root>/<experiment>/<name>`` to draw into.
        seed: Its sampling seed.
        num_samples: Number of samples.
        options: Further options of ``predict``: config, checkpoint, windows.
    """
    run = {"root": folder.parent.parent, "experiment": folder.parent.name, "name": folder.name}
    settings = [*(f"--run.{key}={value}" for key, value in run.items()), f"--generation.seed={seed}"]
    main(["predict", *options, *settings, f"--generation.num_samples={num_samples}"])
    return SampleStore.open(folder / "predictions")
