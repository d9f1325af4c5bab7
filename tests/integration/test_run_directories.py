"""A run directory holds one run: what a start may touch, what it may not, and what is left when it fails."""

import os
import shutil

import pytest
import torch
from lightning.pytorch.callbacks import Callback

from lightning_modeinterp.cli import main
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.replaced import Replaced
from lightning_modeinterp.run_directory import PRODUCTS, RunDirectory

from .conftest import CONFIG, NETWORK, ROOT, SMALL, Runner, fails_with

COMMANDS = ("fit", "validate", "test", "predict")


class FailsAt(Callback):
    """Fail as something outside does."""

    def __init__(self, hook: str) -> None:
        setattr(self, hook, self._fail)

    def _fail(self, trainer, *args, **kwargs):
        raise OSError("the disk is full")


class Watches(Callback):
    """Note at each step what of a run directory is seen."""

    look, seen = staticmethod(lambda: None), {}

    def on_train_batch_end(self, trainer, *_):
        self.seen[trainer.global_step] = self.look()


def failing_at(hook):
    return f"--trainer.callbacks=[{{class_path: {__name__}.FailsAt, init_args: {{hook: {hook}}}}}]"


@pytest.fixture
def watch(monkeypatch):
    """Gives what is seen at each step, and the option for it."""

    def begin(look):
        monkeypatch.setattr(Watches, "look", staticmethod(look))
        monkeypatch.setattr(Watches, "seen", {})
        return Watches.seen, f"--trainer.callbacks=[{{class_path: {__name__}.Watches}}]"

    return begin


@pytest.fixture(scope="module")
def whole(tmp_path_factory, quick_figures):
    """A run with results of every command; tests leave it as it is."""
    run = Runner(tmp_path_factory.mktemp("whole"))
    run("fit")
    for command in COMMANDS[1:]:
        run(command, "--ckpt_path=last")
    return run


def files_of(folder):
    """Bytes and times of all files but the lock, which holding touches."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def arguments(run, command, *options):
    return [command, "-c", str(CONFIG), f"--run.root={run.root}", *SMALL, *NETWORK, *options]


def ckpt_path(run):
    return f"--ckpt_path={run.folder / 'checkpoints/last.ckpt'}"


@pytest.mark.parametrize("spelling", ["{path}", "{cwd}/{path}", "runs/x/../../{path}", "link.ckpt"])
def test_other_data_are_refused_under_any_spelling(fitted, monkeypatch, tmp_path, capsys, spelling):
    (fitted.root / "runs/x").mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(fitted.root)
    path = (fitted.folder / "checkpoints/last.ckpt").relative_to(fitted.root)
    if not os.path.lexists("link.ckpt"):
        os.symlink(path, "link.ckpt")
    given = spelling.format(path=path, cwd=fitted.root)
    before = files_of(fitted.folder)
    options = [f"--ckpt_path={given}", "--trainer.max_steps=13", "--data.init_args.means=[5, 6, 7]"]
    assert "data.init_args.means: expected" in fails_with(arguments(fitted, "fit", *options), capsys)
    assert files_of(fitted.folder) == before


def test_a_fit_goes_on_under_another_spelling(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, whole = Runner(tmp_path / "a"), Runner(tmp_path / "b")
    run("fit", "--trainer.max_steps=5")
    run("fit", "--ckpt_path=a/../a/gaussian_1d/seed_0/checkpoints/last.ckpt")
    whole("fit")
    logs = [(each.folder / "logs/fit/metrics.csv").read_bytes() for each in (run, whole)]
    assert logs[0] == logs[1]


def test_a_strangers_checkpoint_does_not_go_where_a_run_is(whole, fitted, capsys):
    before = files_of(whole.folder)
    line = fails_with(arguments(whole, "fit", ckpt_path(fitted), "--trainer.max_steps=13"), capsys)
    assert "last.ckpt: expected no earlier fit in this run directory; choose another --run.name" in line
    assert files_of(whole.folder) == before


def test_a_strangers_checkpoint_begins_a_run_of_its_own(fitted, tmp_path):
    run = Runner(tmp_path)
    logs = run.folder / "logs/fit/metrics.csv"
    logs.parent.mkdir(parents=True)
    logs.write_text("step,train/loss\n3,0.5\n")  # of a start that was killed before its first checkpoint
    run("fit", ckpt_path(fitted), "--trainer.max_steps=14", "--data.init_args.std=0.04")
    header, *rows = (row.split(",") for row in logs.read_text().splitlines())
    assert {int(row[header.index("step")]) for row in rows} == {12, 13}
    assert torch.load(run.folder / "checkpoints/last.ckpt", weights_only=True)["global_step"] == 14


def test_to_go_on_and_to_overwrite_is_refused(whole, capsys):
    before = files_of(whole.folder)
    options = ["--ckpt_path=last", "--run.overwrite=true", "--trainer.max_steps=13"]
    assert "expected a file that --run.overwrite true does not replace" in fails_with(
        arguments(whole, "fit", *options), capsys
    )
    assert files_of(whole.folder) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_second_command_is_refused_while_one_is_at_work(whole, capsys, command):
    before = files_of(whole.folder)
    options = ["--ckpt_path=last", "--run.overwrite=true"][: 1 if command == "fit" else 2]
    with RunDirectory("gaussian_1d", "seed_0", root=str(whole.root)).alone():
        line = fails_with(arguments(whole, command, *options), capsys)
    assert "seed_0: expected no other command at work in this run directory, found one" in line
    assert files_of(whole.folder) == before


def is_held(run):
    try:
        with RunDirectory("gaussian_1d", "seed_0", root=str(run.root)).alone():
            return False
    except ConfigurationError:
        return True


def test_a_command_holds_its_directory_to_its_end_and_no_longer(run, watch):
    seen, watching = watch(lambda: is_held(run))
    run("fit", watching)
    assert seen == dict.fromkeys(range(1, 13), True)
    assert not is_held(run)


def test_a_command_that_fails_lets_go_of_its_directory(run):
    with pytest.raises(OSError, match="full"):
        run("fit", failing_at("setup"))
    assert not is_held(run)


@pytest.mark.parametrize("rank", ["0", "1"])
def test_processes_of_a_launcher_that_know_nothing_of_each_other_are_refused(run, monkeypatch, capsys, rank):
    for name, value in {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "x"}.items():
        monkeypatch.setenv(name, value)
    line = fails_with(arguments(run, "fit"), capsys)
    assert "trainer.devices: expected as many processes as the launcher has started, 2, got 1" in line
    assert list(run.root.iterdir()) == []


def dry(run, command, *options):
    checkpoint = [] if command == "fit" else ["--ckpt_path=last"]
    return run(command, *checkpoint, "--trainer.fast_dev_run=2", *options)


@pytest.mark.parametrize(("command", "overwrite"), [("fit", "true"), *((command, "false") for command in COMMANDS)])
def test_a_dry_run_touches_nothing(whole, capsys, command, overwrite):
    waiting = whole.folder / "checkpoints/.last.ckpt.tmp"
    waiting.touch()  # of a fit that is at work, which does not mind
    before = files_of(whole.folder)
    with RunDirectory("gaussian_1d", "seed_0", root=str(whole.root)).alone():
        dry(whole, command, f"--run.overwrite={overwrite}")
    assert f"dry run of {command} finished; nothing was written" in capsys.readouterr().out
    assert files_of(whole.folder) == before
    waiting.unlink()


@pytest.mark.usefixtures("offline_wandb")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_dry_run_makes_nothing(run, fitted, command):
    checkpoint = () if command == "fit" else (ckpt_path(fitted),)
    loggers = [f"-c={ROOT / 'configs/logger' / name}.yaml" for name in ("tensorboard", "wandb")]
    run(command, *loggers, *checkpoint, "--trainer.fast_dev_run=1")
    assert list(run.root.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_start_that_fails_leaves_what_it_was_to_overwrite(whole, capsys, command):
    before = files_of(whole.folder)
    with pytest.raises(OSError, match="full"):
        run_with(whole, command, failing_at("setup"), "--run.overwrite=true")
    assert files_of(whole.folder) | configs(before) == before  # a config is copied: its time is another
    assert f"the results that {command} was to overwrite are restored" in capsys.readouterr().err


def test_a_data_set_smaller_than_the_batch_costs_no_results(whole, capsys):
    before = files_of(whole.folder)
    fails_with(arguments(whole, "fit", "--run.overwrite=true", "--data.init_args.size=32"), capsys)
    assert files_of(whole.folder) == before


def run_with(run, command, *options):
    return run(command, *([] if command == "fit" else ["--ckpt_path=last"]), *options)


def configs(files):
    return {name: files[name] for name in files if name.startswith("config_")}


def copied(whole, root):
    shutil.copytree(whole.root, root)
    return Runner(root)


@pytest.mark.parametrize("every_n_steps", [3, 100])
def test_a_fit_that_fails_later_is_kept_if_it_has_a_checkpoint(whole, tmp_path, every_n_steps):
    run = copied(whole, tmp_path / "copy")
    before = files_of(run.folder)
    options = ("--run.overwrite=true", "--trainer.val_check_interval=4", f"--checkpoint.every_n_steps={every_n_steps}")
    with pytest.raises(OSError, match="full"):
        run("fit", *options, failing_at("on_validation_start"))
    if every_n_steps == 3:
        assert torch.load(run.folder / "checkpoints/last.ckpt", weights_only=True)["global_step"] == 3
        assert not (run.folder / ".replaced_fit").exists()
    else:
        assert files_of(run.folder) | configs(before) == before


def test_what_is_overwritten_goes_with_the_first_checkpoint(whole, tmp_path, watch):
    run = copied(whole, tmp_path / "copy")
    seen, watching = watch((run.folder / ".replaced_fit").exists)
    run("fit", "--run.overwrite=true", "--checkpoint.every_n_steps=3", watching)
    assert [step for step, is_there in seen.items() if is_there] == [1, 2, 3, 4]  # 4: published when it began
    assert sorted(files_of(run.folder)) == sorted(files_of(whole.folder))


def test_after_a_killed_start_the_next_command_finds_the_earlier_run(whole, tmp_path, capsys):
    run = copied(whole, tmp_path / "copy")
    before = files_of(run.folder)
    Replaced(run.folder, "fit").move_aside()
    (run.folder / "logs/fit").mkdir()
    run("validate", "--ckpt_path=last")
    assert "the results that fit was to overwrite are restored; it was killed" in capsys.readouterr().err
    assert files_of(run.folder).keys() == before.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_linked_results_are_overwritten(whole, tmp_path, capsys, command):
    run = copied(whole, tmp_path / "copy")
    target = tmp_path / "large_disk"
    product = run.folder / next(name for name in PRODUCTS[command] if (run.folder / name).is_dir())
    product.rename(target)
    product.symlink_to(target)
    before = files_of(target)
    run_with(run, command, "--run.overwrite=true")
    assert f"{product} was a link; its target is left as it is" in capsys.readouterr().err
    assert not product.is_symlink()
    assert files_of(target) == before
    assert sorted(files_of(run.folder)) == sorted(files_of(whole.folder))


def test_a_run_repeated_from_its_own_saved_config_replaces_it(whole, tmp_path):
    run = copied(whole, tmp_path / "copy")
    saved = run.folder / "config_fit.yaml"
    main(["fit", "-c", str(saved), f"--run.root={run.root}", "--run.overwrite=true"])
    assert "overwrite: false" in saved.read_text()
    logs = [(each.folder / "logs/fit/metrics.csv").read_bytes() for each in (whole, run)]
    assert logs[0] == logs[1]
