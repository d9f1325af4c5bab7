import pytest
import yaml

from lightning_modeinterp.cli.replaced_lists import replaced_lists


def spec(name):
    return {"class_path": f"lightning.pytorch.callbacks.{name}"}


def after(*names):
    return {"trainer": {"callbacks": [spec(name) for name in names]}, "data": {"init_args": {"means": [1, 2]}}}


def write(folder, name, content):
    file = folder / name
    file.write_text(yaml.safe_dump(content))
    return str(file)


@pytest.fixture
def averaged(tmp_path):
    content = {"trainer": {"callbacks": [spec("EMAWeightAveraging")]}, "data": {"init_args": {"means": [1, 2, 3]}}}
    return write(tmp_path, "averaged.yaml", content)


LOST = (
    "trainer.callbacks: Timer replaces the earlier list, so EMAWeightAveraging is left out; to keep both, "
    "append with --trainer.callbacks+= (callbacks+: in a file)"
)


def test_a_list_that_an_option_or_a_later_config_replaces_is_said(averaged):
    assert replaced_lists(["fit", "-c", averaged, "--trainer.callbacks", "Timer"], after("Timer")) == [LOST]
    alone = {"trainer": {"callbacks": spec("Timer")}}  # one that is not in a list
    assert replaced_lists(["fit", "-c", averaged, "-c", "gaussian_1d"][:3], alone) == [LOST]


def test_a_list_of_a_section_file_counts_too_also_what_was_appended(tmp_path):
    for key in ("callbacks", "callbacks+"):
        section = write(tmp_path, "ema.yaml", {key: ["EMAWeightAveraging"]})
        assert replaced_lists(["fit", "--trainer", section, "--trainer.callbacks=Timer"], after("Timer")) == [LOST]


def test_nothing_is_said_where_all_are_kept_where_none_is_wanted_and_of_other_lists(averaged):
    assert replaced_lists(["fit", "-c", averaged], after("EMAWeightAveraging", "Timer")) == []
    assert replaced_lists(["fit", "-c", averaged], {"trainer": {"callbacks": None}}) == []
