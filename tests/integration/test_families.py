"""Every data family and module, on one process and on two, in either precision, fits, tests and predicts."""

import pytest
import torch

from lightning_modeinterp import load_run, threads
from lightning_modeinterp.cli import run_command
from lightning_modeinterp.configuration.config_files import read_config
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.sample_store import SampleStore
from tests.subclasses import concrete_subclasses

from .families import (
    COMMANDS,
    EXPERIMENTS,
    FIGURES_TAKE_LONG,
    LIKE_ANOTHER,
    OF_FILES,
    PRECISIONS,
    Case,
    check_products,
    config_of,
    run_each,
)
from .processes import on_two_processes, said


def row(experiment, precision):
    is_slow = precision != "32-true" or experiment in LIKE_ANOTHER
    name = experiment if precision == "32-true" else f"{experiment}, mixed"
    return pytest.param((experiment, precision), id=name, marks=[pytest.mark.slow] if is_slow else [])


TABLE = [row(experiment, precision) for precision in PRECISIONS for experiment in EXPERIMENTS]
table = pytest.mark.parametrize("case", TABLE, indirect=True)


@pytest.fixture(scope="module")
def case(request, tmp_path_factory):
    """An experiment in one precision that one process has fitted, tested and drawn samples of."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as the two have: convolutions on more threads add in another order
    made = Case(*request.param, tmp_path_factory.mktemp("family"))
    for command in COMMANDS:
        run_command(made.arguments(command, 1, draws_figures=False))
    torch.set_num_threads(before)
    return made


@pytest.fixture
def two_threads(monkeypatch):
    """As PyTorch itself takes on two cores; nobody has asked for them."""
    before = torch.get_num_threads()
    for name in threads.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "_set_by_user", lambda now: None)
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@table
def test_one_process_leaves_what_it_should(case):
    check_products(case, 1)


@table
def test_a_loaded_run_draws_what_predict_drew(case, two_threads):
    """On whatever number of threads the caller is, since a convolution adds in another order on more of them."""
    (stored,) = SampleStore.open(case.folder(1) / "predictions")
    batch = load_run(case.folder(1)).draw()
    assert torch.get_num_threads() == 2
    assert torch.equal(batch.samples, stored.samples)
    assert all(torch.equal(values, stored.score(name)) for name, values in batch.scores.items())
    assert torch.equal(batch.verdict.kind, stored.verdict.kind)


@table
@pytest.mark.ddp
def test_two_processes_give_what_one_gives(case):
    draws_figures = (case.precision == "32-true") is not (case.experiment in FIGURES_TAKE_LONG)  # one draws them, alone
    log, commands = case.root / "log", [case.arguments(command, 2, draws_figures) for command in COMMANDS]
    assert on_two_processes(log, run_each, commands) == [0, 0], said(log)
    assert (case.folder(2) / "figures").exists() is draws_figures
    tolerance = 1e-3 if case.precision == "32-true" else 0.02  # gradients are of bfloat16
    weights = case.weights(2)
    for name, expected in case.weights(1).items():
        torch.testing.assert_close(weights[name], expected, rtol=tolerance, atol=tolerance, msg=name)
    assert case.metrics(2) == pytest.approx(case.metrics(1), rel=1e-5)
    assert case.shards(2) == case.shards(1)


@pytest.mark.parametrize(("section", "base"), [("data", ModeInterpDataModule), ("model", DiffusionModule)])
def test_every_family_and_module_has_a_line(section, base):
    configs = [read_config(config_of(experiment)) for experiment in EXPERIMENTS]
    listed = {config[section]["class_path"].rpartition(".")[2] for config in configs}
    assert listed | OF_FILES >= {each.__name__ for each in concrete_subclasses(base)}
