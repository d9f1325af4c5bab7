import pytest

from lightning_modeinterp.configuration import CONFIGS, copy_configs, first_sentence, shipped_names, with_shipped_paths
from lightning_modeinterp.errors import ConfigurationError

SHIPPED = str(CONFIGS / "experiment/gaussian_1d.yaml")


@pytest.mark.parametrize(
    "value",
    ["gaussian_1d", "experiment/gaussian_1d", "gaussian_1d.yaml", "configs/experiment/gaussian_1d.yaml"],
)
@pytest.mark.parametrize("form", [("-c", "{}"), ("--config={}",), ("-c={}",)])
def test_names_of_shipped_configs_become_paths(value, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["fit", *(each.format(value) for each in form), "--run.name=x"]
    assert with_shipped_paths(given) == ["fit", *(each.format(SHIPPED) for each in form), "--run.name=x"]


def test_a_section_may_be_a_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["--trainer", "trainer/gpu", "--data=data/gaussian_2d_grid", "--model", "VDM", "--run.name", "trainer/gpu"]
    gpu, grid = (str(CONFIGS / f"{name}.yaml") for name in ("trainer/gpu", "data/gaussian_2d_grid"))
    assert with_shipped_paths(given) == ["--trainer", gpu, f"--data={grid}", "--model", "VDM", *given[-2:]]


def test_a_file_of_ones_own_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gaussian_1d").write_text("run: {}\n")
    assert with_shipped_paths(["-c", "gaussian_1d"]) == ["-c", "gaussian_1d"]


def test_what_is_neither_file_nor_name_is_refused_with_the_nearest():
    with pytest.raises(ConfigurationError, match=r"`modeinterp configs` lists, got gausian_1d, near gaussian_1d$"):
        with_shipped_paths(["fit", "-c", "gausian_1d"])


def test_every_experiment_says_what_it_is():
    names = [name for name in shipped_names() if name.startswith("experiment/")]
    assert "experiment/gaussian_2d_grid" in names
    assert [name for name in names if not first_sentence(name)] == []


def test_copies_are_whole_and_overwrite_nothing_that_was_changed(tmp_path):
    written = copy_configs(tmp_path / "mine")
    assert {path.relative_to(tmp_path / "mine").with_suffix("").as_posix() for path in written} == set(shipped_names())
    copy_configs(str(tmp_path / "mine"))
    written[0].write_text("# mine\n")
    with pytest.raises(ConfigurationError, match=str(written[0])):
        copy_configs(tmp_path / "mine")
    assert written[0].read_text() == "# mine\n"


def test_a_copy_goes_to_a_folder_alone(tmp_path):
    (tmp_path / "file").write_text("keep")
    with pytest.raises(ConfigurationError, match=r"--copy: expected a folder to write to, got .*file: Not a directory"):
        copy_configs(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "keep"
