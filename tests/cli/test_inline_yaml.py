"""Mappings on the command line that lack a space behind a colon."""

import pytest

from lightning_modeinterp.cli import main
from lightning_modeinterp.cli.inline_yaml import refuse_missing_spaces
from lightning_modeinterp.errors import ConfigurationError


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--generation.monitor={num_samples:16}"], "generation.monitor: .* as in {num_samples: 16}, got {num_sam"),
        (["--generation.monitor", "{num_samples:16}"], "generation.monitor: .* as in {num_samples: 16}"),
        (["--windows={late:{last_steps:10}}"], "windows: .* as in {last_steps: 10}"),
        (["--x={a: 1, b:2}"], "x: .* as in {b: 2}"),
        (["--callbacks+=[{class_path:Timer}]"], "callbacks.: .* as in {class_path: Timer}"),
    ],
)
def test_refused_with_what_was_meant(args, message):
    with pytest.raises(ConfigurationError, match=message):
        refuse_missing_spaces(args)


@pytest.mark.parametrize(
    "text", ["{a: 1}", "{a: {b: c:d}}", '{"a":1}', "{a: }", "[1,2]", "{not yaml", "a:b", "{}", "{moved.A: new:B}", ""]
)
def test_all_else_is_left_to_the_parser(text):
    refuse_missing_spaces([f"--x={text}", "--y", text, text])


def test_typed(capsys):
    with pytest.raises(SystemExit) as end:
        main(["fit", "-c", "experiment/gaussian_1d", "--generation.monitor={num_samples:16}"])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("modeinterp: generation.monitor: expected a space behind each colon")
