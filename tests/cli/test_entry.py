"""What a user asks for in passing is answered at once."""

import os
import signal
import subprocess
import sys
import warnings

import pytest

import lightning_modeinterp
from lightning_modeinterp.cli import main
from lightning_modeinterp.cli.command_line import ModeInterpCLI
from lightning_modeinterp.cli.help import COMMANDS
from lightning_modeinterp.cli.others_warnings import hide_others_warnings
from lightning_modeinterp.cli.run import WITHOUT_CONFIG

HEAVY = {"torch", "lightning", "jsonargparse", "matplotlib", "numpy", "scipy", "sklearn", "torchmetrics", "wandb"}
SAID = """
from lightning_modeinterp.cli import main
try:
    main({args})
except SystemExit as end:
    assert not end.code
"""
IMPORTED = "print(*{name.partition('.')[0] for name in sys.modules})"


def modules_after(code):
    done = subprocess.run([sys.executable, "-c", f"import sys\n{code}\n{IMPORTED}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_imports_nothing_heavy():
    assert "lightning_modeinterp" in modules_after("import lightning_modeinterp")
    assert not modules_after("import lightning_modeinterp") & HEAVY


@pytest.mark.parametrize("name", lightning_modeinterp.__all__)
def test_what_the_package_names_is_imported_when_asked_for(name):
    assert name in dir(lightning_modeinterp)
    assert getattr(lightning_modeinterp, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        lightning_modeinterp.nothing  # noqa: B018  # asking is the test


@pytest.mark.parametrize(
    "args", [[], ["--help"], ["-h"], ["--version"], ["fit", "--help"], ["predict", "-h"], ["configs"]], ids=str
)
def test_help_version_and_configs_import_nothing_heavy(args):
    assert not modules_after(SAID.format(args=args)) & HEAVY


BE_AWARE = "Be aware that when using `ckpt_path`, callbacks used to create the checkpoint need to be provided"

PRINTING = """
import sys
from lightning_modeinterp.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("args", [["configs"], ["--help"]], ids=str)
def test_where_nobody_reads_it_ends_without_a_word(args):
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([sys.executable, "-c", PRINTING, *args], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, "")


def test_another_broken_pipe_is_an_error(monkeypatch):
    def breaks(args):
        raise BrokenPipeError("of a server")

    monkeypatch.setattr("lightning_modeinterp.cli.configs.main", breaks)
    with pytest.raises(BrokenPipeError, match="of a server"):
        main(["configs"])


def test_what_is_wrong_with_configs_is_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        main(["configs", "--nope"])
    assert end.value.code == 2
    assert capsys.readouterr().err == (
        "modeinterp: configs: unrecognized arguments: --nope; see modeinterp configs --help\n"
    )


@pytest.mark.parametrize("args", [["train"], ["frobnicate", "--help"], ["train", "-c", "gaussian_1d"]], ids=str)
def test_an_unknown_command_is_answered_with_those_that_there_are(args, capsys):
    with pytest.raises(SystemExit) as end:
        main(args)
    assert end.value.code == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"modeinterp: {args[0]}: no such command; ")
    assert all(name in said.err for name in ("fit, validate, test, predict", "reproduce", "sheet", "completion"))
    assert said.out == ""


def test_the_commands_that_help_lists_are_those_that_there_are():
    assert set(COMMANDS) == {*WITHOUT_CONFIG, *ModeInterpCLI.subcommands(), "configs", "completion"}


@pytest.mark.parametrize(
    "args",
    [["configs", "--cop=x"], ["keep", "store", "--ou=x"], ["recurse", "--job=1"], ["report", "x", "--nu=1"]],
    ids=str,
)
def test_no_option_may_be_abbreviated(args, capsys):
    with pytest.raises(SystemExit) as end:
        main(args)
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    unknown = args[-1].partition("=")[0]
    assert f"unrecognized arguments: {unknown}=" in line or f"{unknown.lstrip('-')}: no such option" in line


@pytest.mark.parametrize("command", sorted({*WITHOUT_CONFIG, "configs"}))
def test_a_command_with_a_parser_of_its_own_helps_by_it(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert not end.value.code
    assert f"modeinterp {command}" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize("args", [["--version"], ["fit", "--version"]], ids=str)
def test_the_version_is_said_wherever_it_is_asked_for(args, capsys):
    with pytest.raises(SystemExit):
        main(args)
    assert capsys.readouterr().out == f"modeinterp {lightning_modeinterp.__version__}\n"


@pytest.mark.parametrize(
    ("message", "category", "is_fit", "is_hidden"),
    [
        (
            "`isinstance(treespec, LeafSpec)` is deprecated, use `isinstance(treespec, TreeSpec)`",
            FutureWarning,
            True,
            True,
        ),
        ("`torch.jit.script` is deprecated. Please switch to `torch.compile`.", DeprecationWarning, False, True),
        ("Checkpoint directory runs/a/checkpoints exists and is not empty.", UserWarning, True, True),
        ("12 of 100 samples diverged", UserWarning, False, False),
        ("`something` is deprecated", FutureWarning, False, False),
        (BE_AWARE, UserWarning, False, True),
        (BE_AWARE, UserWarning, True, False),
    ],
)
def test_warnings_of_libraries_to_libraries_are_left_out(message, category, is_fit, is_hidden):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        hide_others_warnings(is_fit)
        warnings.warn(message, category, stacklevel=1)
    assert (not seen) is is_hidden
