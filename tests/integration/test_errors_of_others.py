"""What OmegaConf, the parser, Lightning, torch and the file system raise before the first step: one line.

What a class of the user's own raises keeps its traceback, below a line that names the class.
"""

import resource
import sys
import traceback

import pytest
import torch
import yaml

from lightning_modeinterp.cli.run import main

from .conftest import CONFIG, NETWORK, SMALL, fails_with

CALLBACK = "--trainer.callbacks+={{class_path: {}, init_args: {{{}}}}}"

CASES = {
    "variable": (
        ["--run.name=${oc.env:NOT_THERE}"],
        "run.name: expected the environment variable NOT_THERE, found none; export NOT_THERE=..., or",
    ),
    "interpolation": (["--run.name=${seed}"], "run.name: expected ${...} to name a value of the config, got seed; in"),
    "resolver": (
        ["--run.name=${env:HOME}"],
        "run.name: expected a resolver that OmegaConf has, such as ${oc.env:NAME}",
    ),
    "grammar": (["--run.name=${seed"], "run.name: expected a ${...} that OmegaConf can read, got: "),
    "duration": (
        [CALLBACK.format("Timer", "duration: abc")],
        "callbacks: Timer: `Timer(duration='abc')` is not",
    ),
    "rate finder": (
        ["--trainer.callbacks+=LearningRateFinder"],
        "got LearningRateFinder; start several runs, each with another --model.init_args.optimizer.init_args.lr",
    ),
    "batch finder": (["--trainer.callbacks+=BatchSizeFinder"], "each with another --data.init_args.batch_size"),
    "missing argument": (
        ["--trainer.callbacks+=EarlyStopping"],
        "trainer.callbacks: EarlyStopping needs monitor; give it as one of its init_args",
    ),
    "missing argument of a logger": (
        ["--trainer.logger=TensorBoardLogger"],
        "trainer.logger: TensorBoardLogger needs save_dir; give it",
    ),
    "missing argument in a list": (["--trainer.logger=[TensorBoardLogger]"], "trainer.logger: TensorBoardLogger needs"),
    "option of a logger": (
        ["--trainer.logger={class_path: WandbLogger, init_args: {projct: 3}}"],
        "trainer.logger.projct: no such option; did you mean project?",
    ),
    "value of a callback": (
        [CALLBACK.format("EarlyStopping", "monitor: 3, patience: x")],
        "trainer.callbacks.monitor: expected a str, got 3",
    ),
    "no class": (["--trainer.logger={}"], "trainer.logger: expected the class of a Logger or a list or a bool, got {}"),
    "choice": (["--trainer.precision=bf17"], "'32', '16', 'bf16', got bf17; did you mean bf16?"),
    "choice or bool": (["--trainer.deterministic=yess"], "trainer.deterministic: expected a bool or 'warn', got yess"),
    "devices": (["--trainer.devices=abc"], "trainer: `devices` selected with `CPUAccelerator` should be an int > 0."),
    "clipping": (["--trainer.gradient_clip_algorithm=nrm"], "trainer: `gradient_clip_algorithm` nrm is invalid."),
    "steps at once": (["--trainer.accumulate_grad_batches=0"], "accumulate_grad_batches: expected a number > 0, got 0"),
    "steps between logs": (["--trainer.log_every_n_steps=0"], "log_every_n_steps: expected a number > 0, got 0"),
    "epochs between": (
        ["--trainer.check_val_every_n_epoch=0"],
        "val_every_n_epoch: expected a number > 0, got 0",
    ),
    "section file": (["--data=nope.yaml"], "data: expected the name of a class, got nope.yaml; is there no such file?"),
    "zero byte": (["--run.name=a\0b"], "run.name: expected a name or a path below run.root"),
}
MAY_BEGIN = {
    "long name": ([f"--run.name={'x' * 256}"], "File name too long"),
    "validation once an epoch": (
        ["--trainer.check_val_every_n_epoch=1", "--trainer.val_check_interval=4000"],
        "trainer: `val_check_interval` (4000) must be less than or equal to the number of the training batches (8).",
    ),
    "metric of early stopping": (
        [CALLBACK.format("EarlyStopping", "monitor: val/los")],
        "EarlyStopping: expected monitor to be a metric that this run logs, got val/los; did you mean val/loss?",
    ),
    "metric of a checkpoint": (
        [CALLBACK.format("ModelCheckpoint", "monitor: val/los")],
        "ModelCheckpoint: expected monitor to be a metric that this run logs, got val/los; did you mean val/loss?",
    ),
    "layers to freeze": (["--trainer.callbacks+=BackboneFinetuning"], "trainer.callbacks: BackboneFinetuning: 'DDPM'"),
}


def arguments(root, *options, command="fit"):
    return [command, "-c", str(CONFIG), f"--run.root={root}", *SMALL, *NETWORK, *options]


@pytest.mark.parametrize("name", [*CASES, *MAY_BEGIN])
def test_one_clear_line(name, tmp_path, capsys):
    options, expected = {**CASES, **MAY_BEGIN}[name]
    line = fails_with(arguments(tmp_path, *options), capsys)
    assert expected in line
    assert len(line) < 300 + 2 * len(str(tmp_path) + max(options, key=len))  # no list of all that might be meant
    assert name in MAY_BEGIN or not list(tmp_path.iterdir())


@pytest.mark.skipif("mlflow" in sys.modules, reason="is there")
@pytest.mark.parametrize("logger", ["MLFlowLogger", "CometLogger"])
def test_a_logger_whose_package_is_missing(logger, tmp_path, capsys):
    line = fails_with(arguments(tmp_path, f"--trainer.logger={logger}"), capsys)
    assert f"trainer.logger: {logger}: Requirement" in line
    assert "pip install" in line


def test_an_empty_command_names_what_a_config_gives(capsys):
    line = fails_with(["fit"], capsys)
    assert (
        line
        == "modeinterp: data, model: expected in a config, got none; give -c CONFIG (`modeinterp configs` lists some)"
    )


def test_a_callback_whose_default_is_an_enum_runs_and_its_config_is_read_again(run, tmp_path):
    run("fit", CALLBACK.format("Timer", "duration: '00:01:00:00'"), "--trainer.max_steps=2")
    saved = yaml.safe_load((run.folder / "config_fit.yaml").read_text())
    (timer,) = saved["trainer"]["callbacks"]
    assert timer["init_args"]["interval"] == "step"
    main(["fit", "-c", str(run.folder / "config_fit.yaml"), "--run.name=again", "--trainer.fast_dev_run=true"])


@pytest.fixture(scope="module")
def broken(fitted, tmp_path_factory):
    """Checkpoints that are not whole, by name."""
    whole = torch.load(fitted.folder / "checkpoints/last.ckpt", weights_only=True)
    name, optimizer = next(iter(whole["state_dict"])), whole["optimizer_states"][0]
    others = {
        "alone": {key: whole[key] for key in whole if key not in ("optimizer_states", "lr_schedulers", "loops")},
        "shape": {**whole, "state_dict": {**whole["state_dict"], name: torch.zeros(3, 3)}},
        "groups": {**whole, "optimizer_states": [{**optimizer, "param_groups": optimizer["param_groups"] * 2}]},
    }
    folder = tmp_path_factory.mktemp("broken")
    for each, content in others.items():
        torch.save(content, folder / f"{each}.ckpt")
    return folder


@pytest.mark.parametrize(
    ("name", "command", "expected"),
    [
        (
            "alone",
            "fit",
            "ckpt_path: expected a checkpoint with the optimiser's state to resume from, got weights",
        ),
        ("shape", "fit", "ckpt_path: expected the weights of this DDPM, got others: size mismatch for denoiser"),
        (
            "shape",
            "test",
            "ckpt_path: expected the weights of this DDPM, got others: size mismatch for denoiser",
        ),
        ("groups", "fit", "ckpt_path: Adam: loaded state dict has a different number of parameter groups"),
    ],
)
def test_a_checkpoint_that_does_not_fit(broken, name, command, expected, tmp_path, capsys):
    line = fails_with(arguments(tmp_path, f"--ckpt_path={broken / name}.ckpt", command=command), capsys)
    assert expected in line


@pytest.mark.parametrize("content", ["", "a: [", "- a"])
def test_a_saved_config_that_is_none_any_more(fitted, content, tmp_path, capsys):
    folder = tmp_path / "gaussian_1d" / "seed_0"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints/last.ckpt").write_bytes((fitted.folder / "checkpoints/last.ckpt").read_bytes())
    (folder / "config_fit.yaml").write_text(content)
    line = fails_with(arguments(tmp_path, "--ckpt_path=last", "--trainer.max_steps=13"), capsys)
    assert line.startswith(f"modeinterp: {folder / 'config_fit.yaml'}")


@pytest.mark.parametrize(("limit", "file"), [(2_000, "config_fit.yaml"), (9_000, ".last.ckpt.tmp")])
def test_a_full_disk(limit, file, tmp_path, capsys):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        line = fails_with(arguments(tmp_path), capsys)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"{file}: File too large; make room, or choose another --run.root" in line


@pytest.mark.parametrize("name", ["checkpoints", "logs", "config_fit.yaml"])
def test_a_name_in_the_run_directory_that_is_taken(name, tmp_path, capsys):
    taken = tmp_path / "gaussian_1d" / "seed_0" / name
    taken.parent.mkdir(parents=True)
    taken.mkdir() if name.endswith(".yaml") else taken.touch()
    line = fails_with(arguments(tmp_path), capsys)
    assert "something else has that name; move it away" in line


PARTS = """
import torch
from lightning.pytorch.callbacks import Callback
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.trajectories import TrajectoryObserver


class WrongFromTheStart(Callback):
    def __init__(self):
        {}["nothing"]


class WrongAtTheStart(Callback):
    def on_train_start(self, trainer, module):
        raise RuntimeError("no good")


class WrongLater(Callback):
    def on_train_batch_end(self, *args):
        torch.zeros(2) + torch.zeros(3)


class OneNumber(TrajectoryObserver):
    def init(self, x_t, levels):
        return 0

    def update(self, state, step):
        return state + step.x_0_hat.mean()

    def result(self, state):
        return state


class Mine(ModeInterpDataModule):
    def __init__(self, bad_row: int = 200, bad_split: str = "train", batch_size: int = 64):
        super().__init__(batch_size)
        self.bad_row, self.bad_split = bad_row, bad_split

    @property
    def sample_shape(self):
        return (1,)

    def make_dataset(self, split):
        samples = torch.linspace(-1, 1, 256)[:, None]
        if split == self.bad_split:
            samples[self.bad_row] = torch.nan
        return samples
"""


@pytest.fixture
def parts(tmp_path, monkeypatch):
    (tmp_path / "wrong_parts.py").write_text(PARTS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "wrong_parts", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [("WrongFromTheStart", KeyError), ("WrongAtTheStart", RuntimeError), ("WrongLater", RuntimeError)],
)
def test_a_class_of_ones_own_is_named_above_its_traceback(name, kind, parts, capsys):
    with pytest.raises(kind) as error:
        main(arguments(parts / "runs", f"--trainer.callbacks+=wrong_parts.{name}"))
    assert traceback.extract_tb(error.value.__traceback__)[-1].filename.endswith("wrong_parts.py")
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith(f"modeinterp: wrong_parts.{name}, which is not of this package, raised {kind.__name__}: ")


def test_an_observer_that_gives_no_row_a_sample(parts, capsys):
    exact = [
        "--generation.true_score=true",
        "--allow_untrained=true",
        "--generation.observers={mean: wrong_parts.OneNumber}",
    ]
    line = fails_with(arguments(parts / "runs", *exact, command="predict"), capsys)
    assert "generation: mean: expected a row for each of the 32 samples of a block, got ()" in line


def mine(root, row, split, command="fit", *options):
    data = ["--data=wrong_parts.Mine", f"--data.bad_row={row}", f"--data.bad_split={split}"]
    return [command, "-c", str(CONFIG), f"--run.root={root}", *data, *SMALL[3:], *NETWORK, *options]


@pytest.mark.parametrize(
    ("row", "rows", "split"), [(7, "0 to 63", "train"), (200, "192 to 255", "train"), (200, "192 to 255", "validation")]
)
def test_a_row_that_is_not_finite_is_named_wherever_it_is(row, rows, split, parts, capsys):
    line = fails_with(mine(parts / "runs", row, split), capsys)
    assert line == (
        f"modeinterp: data: Mine.make_dataset('{split}'): expected finite numbers, got nan in row {row} (1 such among "
        f"rows {rows}); fix or remove such rows"
    )


def test_a_replaced_list_is_noted(tmp_path, capsys):
    ema = CONFIG.parents[1] / "trainer" / "ema.yaml"
    main(
        arguments(
            tmp_path, f"--trainer={ema}", "--trainer.callbacks=LearningRateMonitor", "--trainer.fast_dev_run=true"
        )
    )
    said = capsys.readouterr().err
    assert said.count("note: trainer.callbacks: LearningRateMonitor replaces the earlier list, so EMAWeight") == 1
