"""When figures are drawn, of which samples, for whom."""

import pytest
import torch

from lightning_modeinterp import figures
from lightning_modeinterp.callbacks import FigureLogger, HallucinationMonitor, figure_logger
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.loggers import CSVHistory
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.support_oracle import SupportOracle

IN_FIT = {"val/figures/density", "val/figures/variance"}
OF_TEST = ("density", "variance", "roc", "windows", "sorted_by_variance", "predicted_x_0", "score")
IN_TEST = {f"test/figures/{name}" for name in OF_TEST}


@pytest.fixture
def drawn(monkeypatch):
    """Names of the figure functions that were called."""
    names = []
    for name in (
        "density_histogram",
        "variance_histogram",
        "roc",
        "window_sweep",
        "variance_on_line",
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
    assert len(drawn) == len(OF_TEST)
    assert {path.name for path in (evaluation.folder / "figures").iterdir()} == {
        f"{name.rpartition('/')[2]}.png" for name in IN_TEST
    }


def test_a_test_shows_each_figure_once_in_each_logger(evaluation, drawn):
    other = type(evaluation.shown)(evaluation.folder / "other")
    trainer = evaluation.trainer(FigureLogger(), loggers=[evaluation.shown, other])
    trainer.test(evaluation.module, evaluation.data(), verbose=False)
    assert len(drawn) == len(OF_TEST)
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
    names = ("samples", "pairs", "variance", "roc", "windows", "sorted_by_variance", "predicted_x_0", "score")
    assert {name for name, _, _ in evaluation.shown.shown} == {f"test/figures/{name}" for name in names}


OWN = {"samples", "variance", "sorted_by_variance"}


class Uniform(ModeInterpDataModule):
    """Data of any shape, with no truth."""

    def __init__(self, *shape):
        super().__init__(batch_size=32)
        self.shape = shape

    @property
    def sample_shape(self):
        return self.shape

    def make_dataset(self, split):
        return 2 * torch.rand(32, *self.shape, generator=torch.Generator().manual_seed(len(split))) - 1

    def to_data_units(self, samples):
        return 127.5 * (samples + 1) if len(self.shape) == 3 else samples


class Fading(Denoiser):
    """Predicts a share of what it sees."""

    def forward(self, x_t, level):
        return 0.5 * x_t


@pytest.mark.parametrize(
    ("shape", "of_samples", "of_test"),
    [
        ((1,), OWN, {"predicted_x_0"}),
        ((2,), OWN, {"predicted_x_0"}),
        ((1, 8, 8), OWN, {"predicted_x_0", "variance_maps"}),
        ((3, 8, 8), OWN, {"predicted_x_0", "variance_maps"}),
        ((3,), {"variance"}, {"predicted_x_0"}),
    ],
)
def test_data_without_an_oracle(evaluation, shape, of_samples, of_test):
    data = Uniform(*shape)
    data.generation = evaluation.data().generation
    evaluation.module.denoiser = Fading(shape)
    evaluation.trainer(FigureLogger()).validate(evaluation.module, data, verbose=False)
    assert {name for name, _, _ in evaluation.shown.shown} == {f"val/figures/{name}" for name in of_samples}
    evaluation.shown.shown.clear()
    evaluation.trainer(FigureLogger()).test(evaluation.module, data, verbose=False)
    assert {name for name, _, _ in evaluation.shown.shown} == {f"test/figures/{name}" for name in of_samples | of_test}
    assert all(pixels.std() > 0 for _, _, pixels in evaluation.shown.shown)


@pytest.mark.parametrize("number", [1, 33])
def test_few_samples_without_an_oracle(evaluation, number):
    data = Uniform(1)
    data.generation = evaluation.data().generation
    data.generation.num_samples = number
    evaluation.module.denoiser = Fading((1,))
    evaluation.trainer(FigureLogger()).test(evaluation.module, data, verbose=False)
    assert {name for name, _, _ in evaluation.shown.shown} == {
        f"test/figures/{name}" for name in OWN | {"predicted_x_0"}
    }


def test_a_mixture_without_an_oracle(evaluation):
    evaluation.trainer(FigureLogger()).test(evaluation.module, evaluation.data(judged=False), verbose=False)
    names = {name.rpartition("/")[2] for name, _, _ in evaluation.shown.shown}
    assert names == OWN | {"predicted_x_0", "score"}


class Exploding(Denoiser):
    """Predicts no number."""

    def forward(self, x_t, level):
        return x_t * torch.nan


@pytest.mark.parametrize("judged", [True, False])
def test_where_all_have_diverged_no_samples_are_drawn(evaluation, judged):
    data = evaluation.data(judged)
    evaluation.module.denoiser = Exploding((1,))
    for evaluate in ("validate", "test"):
        trainer = evaluation.trainer(FigureLogger())
        getattr(trainer, evaluate)(evaluation.module, data, verbose=False)
    assert {name for name, _, _ in evaluation.shown.shown} <= {"test/figures/score"}  # of the network itself


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
    assert names == {
        f"test/figures/{name}" for name in {"variance", "roc", "windows", "sorted_by_variance", "score"} | own
    }


def test_large_images_are_kept_as_far_as_memory_goes(evaluation, monkeypatch):
    monkeypatch.setattr(figure_logger, "MAX_KEPT", 40)  # numbers; blocks have 32 samples
    callback = FigureLogger()
    evaluation.trainer(callback).test(evaluation.module, evaluation.data(), verbose=False)
    assert len(callback.kept) == 64


def test_a_sanity_check_draws_nothing_and_does_not_count(evaluation):
    callback = FigureLogger()
    trainer = evaluation.trainer(callback)
    trainer.sanity_checking = True
    callback.on_validation_start(trainer, evaluation.module)
    assert callback.kept.max_samples == 0
    callback.on_validation_end(trainer, evaluation.module)
    assert callback.state_dict() == {"num_validations": 0}
