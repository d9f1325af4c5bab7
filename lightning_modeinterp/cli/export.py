"""``modeinterp export``: samples of a store, or the model of a run, for other tools."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from lightning_modeinterp.cli.one_line_parser import OneLineParser
from lightning_modeinterp.configuration.loaded_run import load_run
from lightning_modeinterp.denoisers import save_as_diffusers
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sample_store.export import write_folder, write_npz, write_sheet

DIFFUSERS = "diffusers"
OF_A_STORE = {"npz": (write_npz, ".npz"), "png": (write_sheet, ".png"), "folder": (write_folder, "_images")}
FORMS = (*OF_A_STORE, DIFFUSERS)

DESCRIPTION = """\
Write the samples of a store, or the model of a run, for other tools.

npz        one file: arr_0 holds the samples (images as bytes, N x H x W x C, as image evaluators read them),
           with their indices, variances, verdicts and further statistics
png        one picture of the first 100 images side by side
folder     one PNG file per image
diffusers  the model of a run as a folder that DDPMPipeline and UNet2DModel of diffusers load; averaged weights if
           the run has them
"""


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``export``.

    Raises:
        ConfigurationError: If the store, the run or an option does not fit.
    """
    given = parser().parse_intermixed_args(args)
    if given.place is not None and given.out is not None:
        raise ConfigurationError(f"export: expected one place to write to, got {given.place} and --out {given.out}")
    out = given.place or given.out
    print(
        f"export finished; its output is in {_model(given, out) if given.form == DIFFUSERS else _samples(given, out)}"
    )


def parser() -> OneLineParser:
    """The parser of the command."""
    made = OneLineParser("export", description=DESCRIPTION)
    made.add_argument(
        "source", type=Path, help="the store that predict wrote, RUN_DIR/predictions; for a model, RUN_DIR"
    )
    made.add_argument("place", type=Path, nargs="?", help="file or folder to write; beside the source by default")
    made.add_argument("--as", dest="form", choices=FORMS, required=True, help=", ".join(FORMS))
    made.add_argument("--out", type=Path, help="the same as PLACE")
    made.add_argument("--num", type=int, help="only the first NUM samples; all by default, 100 for png")
    return made


def _samples(given: Namespace, out: Path | None) -> Path:
    write, ending = OF_A_STORE[given.form]
    store = SampleStore.open(given.source)
    return write(store, out or given.source.with_name(given.source.name + ending), given.num)


def _model(given: Namespace, out: Path | None) -> Path:
    if given.num is not None:
        raise ConfigurationError(f"export: expected no --num with a model, got {given.num}; it counts samples")
    run = load_run(given.source)
    sampler, module = run.data.generation.sampler, run.module
    if sampler.start_alpha_bar:
        print(f"export: left out start_alpha_bar {sampler.start_alpha_bar}; diffusers starts at the noisiest level")
    folder = out or given.source / DIFFUSERS
    return save_as_diffusers(folder, module.denoiser, module.noise_schedule, module.prediction, sampler)
