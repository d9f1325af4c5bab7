"""What the shipped experiments have in common."""

import json

import pytest

from lightning_modeinterp.configuration import CONFIGS
from lightning_modeinterp.runs import content_of

EXPERIMENTS = {
    path.stem: json.loads(content_of(path))["model"] for path in sorted((CONFIGS / "experiment").glob("*.yaml"))
}
WITH_MLP = {name: each for name, each in EXPERIMENTS.items() if each["init_args"]["denoiser"]["class_path"] == "MLP"}


@pytest.mark.parametrize("name", WITH_MLP)
def test_the_mlp_is_fused_and_has_a_time_table_where_there_are_levels(name):
    options = WITH_MLP[name]["init_args"]["denoiser"]["init_args"]
    assert options["is_fused"] is True
    assert options["time_table"] is (WITH_MLP[name]["class_path"] == "DDPM")  # false too: a swap keeps what is unsaid


def test_there_are_experiments_of_both_kinds():
    assert {model["class_path"] for model in WITH_MLP.values()} == {"DDPM", "VDM"}
