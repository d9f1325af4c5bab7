"""Trained models and their samples, by the command line.

A set of samples that was killed goes on, and one that is there is kept.
"""

from argparse import ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path

from lightning_modeinterp.cli import main, run_command
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.sample_store import SampleStore


def fit_directory(path: str) -> Path:
    """The run directory of a fit, as the type of an argument.

    Raises:
        ArgumentTypeError: If it is none.
    """
    if not (run := Path(path)).joinpath("config_fit.yaml").is_file():
        raise ArgumentTypeError(f"expected the run directory of a fit, with its config_fit.yaml, got {path}")
    return run


def options_of(run: Path) -> list[str]:
    """Options that name the config and the last checkpoint of a fit's run directory."""
    return ["-c", str(run / "config_fit.yaml"), f"--ckpt_path={run / 'checkpoints' / 'last.ckpt'}"]


def trained(run: Path, options: Sequence[str] = ()) -> tuple[DiffusionModule, ModeInterpDataModule]:
    """The model of a fit with its weights, and its data; nothing is written.

    Args:
        run: The fit's run directory.
        options: Further options of ``predict``.
    """
    look = [f"--run.root={run}", "--run.experiment=look", "--run.name=look", "--trainer.fast_dev_run=1"]
    cli = run_command(["predict", *options_of(run), *options, *look, "--generation.num_samples=1"])
    return cli.model.eval(), cli.datamodule


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
