"""Config files that are no configs: one line with the name of the file."""

import pytest

from lightning_modeinterp.configuration.config_files import check_config_files, options_in, read_config
from lightning_modeinterp.errors import ConfigurationError


def write(folder, name, content):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_section_files_are_put_in_place(tmp_path):
    write(tmp_path, "data/a.yaml", "class_path: A\ninit_args: {size: 5, seed: 1, means: [1, 2]}")
    file = write(tmp_path, "experiment/e.yaml", "data: ../data/a.yaml\nmodel: {class_path: M, init_args: {w: 3}}")
    assert read_config(file) == {
        "data": {"class_path": "A", "init_args": {"size": 5, "seed": 1, "means": [1, 2]}},
        "model": {"class_path": "M", "init_args": {"w": 3}},
    }


WRONG = {
    "": "{file}: expected a config, got an empty file; `modeinterp configs` lists some",
    "# nothing yet": "{file}: expected a config, got an empty file",
    "- a\n- b": "{file}: expected a config with lines such as `trainer: ...`, got a list",
    "data:\n\tsize: 3": "{file}: expected YAML, got an error in line 2, column 1 while scanning for the next",
    "data: [1": "{file}: expected YAML, got an error in line 1, column",
    b"\xff\xfe": "{file}: expected YAML as UTF-8 text, got other bytes at position 0; save it as UTF-8",
    "data: !!python/tuple [1]": "{file}: expected YAML, got an error in line 1, column 7: could not determine a constr",
    "trainer: nope.yaml": "{file}: trainer: expected a config file, found none at {folder}/nope.yaml",
}


@pytest.mark.parametrize("content", WRONG, ids=str)
def test_what_is_no_config_is_refused_by_name(content, tmp_path):
    file = write(tmp_path, "mine.yaml", content)
    outer = write(tmp_path, "outer.yaml", "data: mine.yaml")
    line = WRONG[content].format(file=file, folder=tmp_path)
    for arguments in (["-c", str(file)], [f"--config={outer}"], [f"--trainer={file}"]):
        with pytest.raises(ConfigurationError) as error:
            check_config_files(["fit", *arguments])
        assert str(error.value).startswith(line)
        assert "\n" not in str(error.value)


def test_tabs_are_named(tmp_path):
    with pytest.raises(ConfigurationError, match="indent with spaces, not tabs"):
        read_config(write(tmp_path, "mine.yaml", "data:\n\tsize: 3"))


def test_yaml_that_a_value_names_may_be_anything(tmp_path):
    write(tmp_path, "labels.yaml", "- cat\n- dog")
    file = write(tmp_path, "mine.yaml", "data: {class_path: A, init_args: {labels: labels.yaml}}")
    assert read_config(file)["data"]["init_args"]["labels"] == "labels.yaml"
    check_config_files(["fit", "-c", str(file), f"--data.init_args.labels={tmp_path / 'labels.yaml'}"])


def test_options_are_read_as_they_are_written():
    assert options_in(["fit", "-c", "a", "--run.name=b=c", "--flag"]) == [("c", "a"), ("run.name", "b=c"), ("flag", "")]
