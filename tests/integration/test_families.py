"""Every data family and module, on one process and on two, in either precision, fits, tests and predicts."""

import pytest
import torch

from lightning_modeinterp.cli import main, run_command
from lightning_modeinterp.cli.class_swaps import read_config
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.testing import concrete_subclasses

from .families import COMMANDS, FAMILIES, OF_FILES, Case, check_products, config_of
from .processes import on_two_processes, said

TABLE = [
    *[pytest.param((family, "32-true"), id=family) for family in FAMILIES],
    *[pytest.param((family, "bf16-mixed"), id=f"{family}, mixed", marks=pytest.mark.slow) for family in FAMILIES],
]
table = pytest.mark.parametrize("case", TABLE, indirect=True)


@pytest.fixture(scope="module")
def case(request, tmp_path_factory):
    """A family in one precision that one process has fitted, tested and drawn samples of."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as the two have: convolutions on more threads add in another order
    made = Case(*request.param, tmp_path_factory.mktemp("family"))
    for command in COMMANDS:
        run_command(made.arguments(command, 1, draws_figures=False))
    torch.set_num_threads(before)
    return made


@table
def test_one_process_leaves_what_it_should(case):
    check_products(case, 1)


@table
@pytest.mark.ddp
@pytest.mark.timeout(700)  # three commands, each with a limit of its own
def test_two_processes_give_what_one_gives(case):
    draws_figures = case.precision == "32-true"  # one of the two draws them, alone
    for command in COMMANDS:
        log = case.root / command
        assert on_two_processes(log, main, case.arguments(command, 2, draws_figures)) == [0, 0], said(log)
    assert (case.folder(2) / "figures").exists() is draws_figures
    tolerance = 1e-3 if case.precision == "32-true" else 0.02  # gradients are of bfloat16
    weights = case.weights(2)
    for name, expected in case.weights(1).items():
        torch.testing.assert_close(weights[name], expected, rtol=tolerance, atol=tolerance, msg=name)
    assert case.metrics(2) == pytest.approx(case.metrics(1), rel=1e-5)
    assert case.shards(2) == case.shards(1)


@pytest.mark.parametrize(("section", "base"), [("data", ModeInterpDataModule), ("model", DiffusionModule)])
def test_every_family_and_module_has_a_line(section, base):
    configs = [read_config(config_of(family)) for family in FAMILIES]
    listed = {config[section]["class_path"].rpartition(".")[2] for config in configs}
    assert listed | OF_FILES >= {each.__name__ for each in concrete_subclasses(base)}
