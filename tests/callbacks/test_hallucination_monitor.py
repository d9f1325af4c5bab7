"""What a test writes down, also where there is little to measure."""

import json
import math

import pytest
import torch

from lightning_modeinterp import figures
from lightning_modeinterp.callbacks import FigureLogger, HallucinationMonitor
from lightning_modeinterp.data import Probe
from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import DDIMSampler
from lightning_modeinterp.modules import DDPM

from .conftest import MEANS

LINE = [[1.0], [2.0], [3.0]]
SQUARE = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
CUBE = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
STD = 0.05


def module_of(means, std=STD):
    schedule = LinearBetaSchedule(num_steps=20, beta_start=0.001, beta_end=0.7)
    return DDPM(ExactMixture((len(means[0]),), means, std), schedule, prediction="x_0")


def data_of(evaluation, means):
    data = GaussianMixtureDataModule(means, STD, size=64, validation_size=32, test_size=32, batch_size=32)
    data.generation = evaluation.data().generation
    return data


def written_by(evaluation, data):
    """The numbers in the file, and those that were logged."""
    trainer = evaluation.trainer(HallucinationMonitor())
    (logged, *_) = trainer.test(evaluation.module, data, verbose=False)
    return json.loads((evaluation.folder / "test_metrics.json").read_text()), logged


@pytest.mark.parametrize("judged", [True, False])
def test_the_file_has_the_loss(evaluation, judged):
    written, logged = written_by(evaluation, evaluation.data(judged))
    assert written["loss"] == logged["test/loss"] > 0
    assert ("hallucination_rate" in written) == judged


@pytest.mark.parametrize(("stage", "name"), [("validate", "val"), ("test", "test")])
def test_fewer_samples_than_asked_for_are_not_judged_silently(evaluation, stage, name, recwarn):
    for limit in (1.0, 1):
        assert not said(recwarn, "batches of samples")
        trainer = evaluation.trainer(HallucinationMonitor())
        setattr(trainer, f"limit_{name}_batches", limit)
        getattr(trainer, stage)(evaluation.module, evaluation.data(), verbose=False)
    (line,) = said(recwarn, "batches of samples")
    num_blocks = {"val": 2, "test": 3}[name]
    assert f"limit_{name}_batches: each process takes 1 of 1 batches of data and draws 1 of {num_blocks}" in line


def test_a_fit_says_it_once(evaluation, recwarn):
    trainer = evaluation.trainer(HallucinationMonitor())
    trainer.limit_val_batches = 1
    trainer.fit_loop.max_epochs = 3
    evaluation.module.denoiser = MLP((1,), width=8, num_steps=20)
    trainer.fit(evaluation.module, evaluation.data())
    assert trainer.current_epoch == 3
    assert len(said(recwarn, "batches of samples")) == 1


class Bursts(ExactMixture):
    """Loses the samples that end beyond 1.02."""

    def forward(self, x_t, level):
        x_0_hat = super().forward(x_t, level)
        return torch.where(x_0_hat > 1.02, 1e6, x_0_hat)


@pytest.mark.parametrize("judged", [True, False])
def test_what_diverged_is_in_no_rate_and_said_with_a_remedy(evaluation, judged, recwarn):
    data = evaluation.data(judged)
    data.generation.sampler = DDIMSampler()  # no noise: the others end where they would have ended
    sound, _ = written_by(evaluation, data)
    assert (sound["diverged_rate"], sound["num_drawn"]) == (0, 96)
    assert not said(recwarn, "diverged")
    evaluation.module.denoiser = Bursts((1,), MEANS, STD)
    written, logged = written_by(evaluation, data)
    lost = written["num_diverged"]
    assert 5 < lost < 50
    assert written["diverged_rate"] == logged["test/diverged_rate"] == lost / 96
    (line,) = said(recwarn, "diverged")
    assert line.startswith(f"{lost} of 96 samples diverged")
    assert "x_0_range" in line
    if judged:
        assert written["num_samples"] == 96 - lost
        assert written["num_hallucinated"] <= sound["num_hallucinated"]
        assert written["within_mode_std"] < 1


def said(warned, part):
    return [str(each.message) for each in warned if part in str(each.message)]


@pytest.mark.parametrize("num_samples", [1, 2, 3])
def test_few_samples_are_no_error(evaluation, num_samples):
    """No mode has two samples: their spread is 0, and no ratio of spreads is to be had."""
    data = evaluation.data()
    data.generation.num_samples = num_samples
    written, _ = written_by(evaluation, data)
    assert written["num_samples"] == num_samples
    assert (written["within_mode_std_ratio"] is None) == (written["within_mode_std_exact"] == 0)
    assert (written["within_mode_std_exact"] == 0) == (num_samples == 1)


@pytest.mark.parametrize("means", [LINE, SQUARE, CUBE])
def test_a_test_asks_the_probes_of_the_data_for_numbers_and_figures(evaluation, means):
    trainer = evaluation.trainer(HallucinationMonitor(), FigureLogger())
    trainer.test(module_of(means), data_of(evaluation, means), verbose=False)
    metrics = json.loads((evaluation.folder / "test_metrics.json").read_text())
    found = {name: value for name, value in metrics.items() if name.startswith("score_slope_ratio/")}
    assert {name.split("/")[1].rpartition("_std")[0] for name in found} == {"1", "2", "4"}
    assert all(math.isclose(value, 1, rel_tol=1e-6) for value in found.values())
    assert (evaluation.folder / "figures/score.png").exists() == (len(means[0]) < 3)
    assert ("test/figures/score" in {name for name, _, _ in evaluation.shown.shown}) == (len(means[0]) < 3)


@pytest.mark.parametrize("true_score", [False, True])
def test_what_is_sampled_is_what_is_compared(evaluation, monkeypatch, true_score):
    drawn, draw = [], figures.score_curves
    monkeypatch.setattr(figures, "score_curves", lambda curves: drawn.append(curves) or draw(curves))
    data = data_of(evaluation, LINE)
    data.generation.true_score = true_score
    trainer = evaluation.trainer(HallucinationMonitor(), FigureLogger())
    trainer.test(module_of(LINE, std=0.1), data, verbose=False)
    ratio = json.loads((evaluation.folder / "test_metrics.json").read_text())["score_slope_ratio/1_std"]
    assert ratio == pytest.approx(1) if true_score else ratio < 0.5
    (curves,) = drawn
    assert all(torch.equal(curve.learned, curve.true) == true_score for curve in curves.values())


def test_a_probe_sees_what_was_found_before_it(evaluation):
    class Second(Probe):
        names = ("second",)

        def measure(self, subject):
            return {"second": subject.results["first"] + subject.results["hallucination_rate"]}

    class First(Probe):
        names = ("first",)

        def measure(self, subject):
            return {"first": 2.0 + 0 * subject.results["loss"]}

    data = evaluation.data()
    data.probes = lambda: [First(), Second()]
    written, logged = written_by(evaluation, data)
    assert written["second"] == 2 + written["hallucination_rate"]
    assert "test/second" not in logged
