"""Which trajectories are shown, and when figures are drawn, for whom."""

import pytest
import torch

from lightning_modeinterp import figures
from lightning_modeinterp.callbacks import FigureLogger, HallucinationMonitor
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.loggers import CSVHistory
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.support_oracle import SupportOracle

IN_FIT = {"val/figures/density", "val/figures/variance"}
IN_TEST = {f"test/figures/{name}" for name in ("density", "variance", "roc", "windows", "predicted_x_0", "score")}


def verdict(kind):
    kind = torch.tensor(kind, dtype=torch.int8)
    return SupportVerdict(kind, torch.zeros(len(kind), dtype=torch.int64), ("in_support", "ambiguous", "invalid"))


def test_both_classes_from_the_blocks_with_most_hallucinations():
    block = torch.arange(12) // 4
    judged = verdict([0, 0, 2, 0, 0, 1, 0, 0, 2, 0, 2, 0])
    chosen = FigureLogger(num_trajectories=2, max_replayed_blocks=1)._chosen(block, judged)
    assert chosen.tolist() == [8, 9, 10, 11]


def test_without_hallucinations_there_are_still_in_support_samples():
    chosen = FigureLogger(num_trajectories=3, max_replayed_blocks=1)._chosen(torch.arange(8) // 4, verdict([0] * 8))
    assert len(chosen) == 3


@pytest.fixture
def drawn(monkeypatch):
    """Names of the figure functions that were called."""
    names = []
    for name in (
        "density_histogram",
        "variance_histogram",
        "roc",
        "window_sweep",
        "predicted_trajectories",
        "score_curves",
    ):
        draw = getattr(figures, name)

        def counting(*args, name=name, draw=draw, **kwargs):
            names.append(name)
            return draw(*args, **kwargs)

        monkeypatch.setattr(figures, name, counting)
    return names


@pytest.mark.parametrize(("every", "expected"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3]), (0, [])])
def test_every_nth_validation(evaluation, every, expected):
    callback = FigureLogger(every_n_validations=every)
    found = []
    for i in range(5):
        evaluation.shown.shown.clear()
        trainer = evaluation.trainer(callback)
        trainer.validate(evaluation.module, evaluation.data(), verbose=False)
        names = {name for name, _, _ in evaluation.shown.shown}
        assert names in (set(), IN_FIT)
        found += [i] if names else []
        resumed = FigureLogger(every_n_validations=every)  # the count goes on from a checkpoint
        resumed.load_state_dict(callback.state_dict())
        callback = resumed
    assert found == expected


@pytest.mark.parametrize("several", [False, True])
def test_nothing_is_kept_or_drawn_in_a_fit_that_cannot_show_it(evaluation, drawn, several, tmp_path):
    callback = FigureLogger()
    loggers = [CSVHistory(tmp_path / "a"), CSVHistory(tmp_path / "b")] if several else False
    evaluation.trainer(callback, loggers=loggers).validate(evaluation.module, evaluation.data(), verbose=False)
    assert callback.kept.batches == []
    assert drawn == []


def test_a_test_draws_files_without_a_logger(evaluation, drawn):
    evaluation.trainer(FigureLogger(), loggers=False).test(evaluation.module, evaluation.data(), verbose=False)
    assert len(drawn) == 6
    assert {path.name for path in (evaluation.folder / "figures").iterdir()} == {
        f"{name.rpartition('/')[2]}.png" for name in IN_TEST
    }


def test_a_test_shows_each_figure_once_in_each_logger(evaluation, drawn):
    other = type(evaluation.shown)(evaluation.folder / "other")
    trainer = evaluation.trainer(FigureLogger(), loggers=[evaluation.shown, other])
    trainer.test(evaluation.module, evaluation.data(), verbose=False)
    assert len(drawn) == 6
    for logger in (evaluation.shown, other):
        assert sorted(name for name, _, _ in logger.shown) == sorted(IN_TEST)
        assert all(pixels.shape[2] == 3 and pixels.std() > 0 for _, _, pixels in logger.shown)


def test_data_in_the_plane_have_figures_of_their_own(evaluation):
    means = [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    data = GaussianMixtureDataModule(means, 0.05, size=64, validation_size=32, test_size=32, batch_size=32, scale=0.5)
    data.generation = evaluation.data().generation
    evaluation.module.denoiser = data.exact_denoiser()
    evaluation.trainer(FigureLogger()).validate(evaluation.module, data, verbose=False)
    assert {name for name, _, _ in evaluation.shown.shown} == {"val/figures/samples", "val/figures/variance"}
    evaluation.shown.shown.clear()
    evaluation.trainer(FigureLogger()).test(evaluation.module, data, verbose=False)
    names = ("samples", "pairs", "variance", "roc", "windows", "predicted_x_0", "score")
    assert {name for name, _, _ in evaluation.shown.shown} == {f"test/figures/{name}" for name in names}


def test_data_without_an_oracle_have_no_figures(evaluation):
    trainer = evaluation.trainer(FigureLogger())
    trainer.validate(evaluation.module, evaluation.data(judged=False), verbose=False)
    trainer.test(evaluation.module, evaluation.data(judged=False), verbose=False)
    assert evaluation.shown.shown == []


class Undecided(SupportOracle):
    """Finds every sample ambiguous."""

    def __init__(self):
        super().__init__(["invalid"])

    def judge(self, samples):
        kind = torch.ones(len(samples), dtype=torch.int8)
        return SupportVerdict(kind, torch.zeros(len(samples), dtype=torch.int64), self.kinds)


@pytest.mark.parametrize("dimension", [1, 2])
def test_samples_that_are_all_ambiguous_have_no_trajectories_to_show(evaluation, dimension):
    means = [[-1.0] * dimension, [1.0] * dimension]
    data = GaussianMixtureDataModule(means, 0.05, size=64, validation_size=32, test_size=32, batch_size=32)
    data.generation, data.support = evaluation.data().generation, Undecided()
    evaluation.module.denoiser = data.exact_denoiser()
    evaluation.trainer(FigureLogger(), HallucinationMonitor()).test(evaluation.module, data, verbose=False)
    names = {name for name, _, _ in evaluation.shown.shown}
    own = {1: {"density"}, 2: {"samples"}}[dimension]
    assert names == {f"test/figures/{name}" for name in {"variance", "roc", "windows", "score"} | own}


def test_a_sanity_check_draws_nothing_and_does_not_count(evaluation):
    callback = FigureLogger()
    trainer = evaluation.trainer(callback)
    trainer.sanity_checking = True
    callback.on_validation_start(trainer, evaluation.module)
    assert callback.kept.max_samples == 0
    callback.on_validation_end(trainer, evaluation.module)
    assert callback.state_dict() == {"num_validations": 0}
