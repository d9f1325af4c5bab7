"""Help fits a screen and says nothing that is not so; completion completes."""

import re
import shlex
import subprocess
from contextlib import redirect_stdout, suppress
from io import StringIO

import pytest

from lightning_modeinterp.cli import main
from lightning_modeinterp.cli.help import COMMANDS as ALL_COMMANDS
from lightning_modeinterp.cli.help import help_for

from .conftest import ROOT, SMALL

COMMANDS = ("fit", "validate", "test", "predict")


def printed(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code in (None, 0)
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def options():
    """Options of each command, from the completion script."""
    with redirect_stdout(StringIO()) as printed, suppress(SystemExit):
        main(["completion"])
    script = printed.getvalue()
    return {
        name: set(words.split()) for name, words in re.findall(r'^ +(\w+)\) options="(.*)" ;;$', script, re.M)
    }, script


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], *([name, "--help"] for name in COMMANDS)], ids=str)
def test_help_fits_a_screen(arguments, capsys):
    lines = printed(arguments, capsys).splitlines()
    assert 10 < len(lines) <= 40
    assert max(map(len, lines)) <= 120
    assert lines[0].startswith("usage: modeinterp ")


@pytest.mark.parametrize("command", COMMANDS)
def test_options_that_help_names_exist(command, options):
    named = set(re.findall(r"--[\w.]+", help_for([command, "--help"]))) - {"--OPTION", "--help"}
    assert named
    known = options[0][command]
    assert {name for name in named if ".init_args." not in name} <= known
    assert {name.split(".init_args.")[0] for name in named} <= known


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize("command", COMMANDS)
def test_examples_of_help_run(command, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"^  modeinterp (.*)$", help_for([command, "--help"]), re.M)
    untrained = [] if command == "fit" else ["--allow_untrained=true"]
    arguments = [arg for arg in shlex.split(example) if command == "fit" or arg not in ("--ckpt_path", "last")]
    main([*arguments, f"--run.root={tmp_path}", *SMALL, *untrained])


def test_completion_knows_every_command(options):
    assert set(options[0]) == {*ALL_COMMANDS} - {"completion"}


def test_every_option_is_listed_on_demand(capsys):
    text = printed(["fit", "--help", "all"], capsys)
    assert "--trainer.reload_dataloaders_every_n_epochs" in text
    assert len(text.splitlines()) > 200


def test_the_arguments_of_a_class_are_explained(capsys):
    text = printed(["fit", "--model.help", "DDPM"], capsys)
    assert "snr_weight_cap" in text
    assert "Min-SNR" in text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["modeinterp", "pre"], {"predict"}),
        (["modeinterp", "keep", "--o"], {"--out"}),
        (["modeinterp", "configs", "--c"], {"--copy"}),
        (["modeinterp", "recurse", "--recursion.num_k"], {"--recursion.num_kept"}),
        (["modeinterp", "fit", "--generation.num"], {"--generation.num_samples"}),
        (
            ["modeinterp", "fit", "--run."],
            {"--run.experiment", "--run.name", "--run.root", "--run.overwrite"},
        ),
    ],
)
def test_completion_in_bash(options, words, expected):
    quoted = " ".join(map(shlex.quote, words))
    commands = (
        f'{options[1]}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _modeinterp; echo "${{COMPREPLY[@]}}"'
    )
    result = subprocess.run(["bash", "-c", commands], check=True, capture_output=True, text=True)
    assert set(result.stdout.split()) == expected
