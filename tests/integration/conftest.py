"""Runs of the command line in this process, small enough to take a second."""

import json
from pathlib import Path

import pytest

from lightning_modeinterp.cli import main, run_command

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs/experiment/gaussian_1d.yaml"

SMALL = (
    "--data.init_args.size=512",
    "--data.init_args.validation_size=128",
    "--data.init_args.test_size=128",
    "--data.init_args.batch_size=64",
    "--generation.sampler.init_args.num_steps=20",
    "--generation.sampler.init_args.start_alpha_bar=1e-4",  # few steps amplify errors where alpha is tiny
    "--generation.sampler.init_args.x_0_range=[-3,3]",  # a network of a dozen updates would lose its samples
    '--generation.windows={"last_5": {"last_steps": 5}, "last_10": {"last_steps": 10}}',
    "--generation.window=last_10",
    "--generation.num_samples=100",
    "--generation.block_size=32",
    '--generation.monitor={"num_samples": 64}',
    "--trainer.max_steps=12",
    "--trainer.val_check_interval=6",
    "--trainer.log_every_n_steps=1",
    "--trainer.enable_model_summary=false",
)
NETWORK = ("--model.init_args.denoiser.init_args.width=16",)
FEW_IMAGES = (
    "--generation.num_samples=16",
    "--generation.block_size=8",
    '--generation.monitor={"num_samples": 8}',
    "--data.init_args.batch_size=8",
    "--trainer.precision=32-true",
)
UNET = (
    "--model.init_args.denoiser.init_args.base_channels=8",
    "--model.init_args.denoiser.init_args.head_channels=8",
    "--model.init_args.denoiser.init_args.num_res_blocks=1",
    "--model.init_args.denoiser.init_args.channel_multipliers=[1, 2]",
    "--model.init_args.denoiser.init_args.patch_size=4",
    "--model.init_args.denoiser.init_args.attention_resolutions=[]",
)
NO_FIGURES = ("--trainer.callbacks+=FigureLogger", "--trainer.callbacks.init_args.max_samples=0")
VDM = (f"--model={ROOT / 'configs/model/vdm_mlp.yaml'}", *NETWORK)
VDM_LEARNED = (f"--model={ROOT / 'configs/model/vdm_mlp_learned.yaml'}", *NETWORK)


class Runner:
    """Run commands of one run directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, command, *options, config=CONFIG, network=NETWORK):
        return run_command([command, "-c", str(config), f"--run.root={self.root}", *SMALL, *network, *options])

    @property
    def folder(self) -> Path:
        return self.root / "gaussian_1d" / "seed_0"

    def test_metrics(self) -> dict:
        return json.loads((self.folder / "test_metrics.json").read_text())


def fails_with(arguments, capsys):
    """The one line that a command ends with, which has exit status 2."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    said = [line for line in lines if line.startswith("modeinterp: ") and not line.startswith("modeinterp: note: ")]
    assert len(said) == 1
    assert lines[-1] == said[0]
    assert "Traceback" not in "".join(lines)
    return said[0]


@pytest.fixture
def run(tmp_path):
    return Runner(tmp_path)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A run that has been fitted; tests must not write over what it holds."""
    runner = Runner(tmp_path_factory.mktemp("fitted"))
    runner("fit")
    return runner
