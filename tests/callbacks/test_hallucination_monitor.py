"""What a test writes down, also where there is little to measure."""

import json

import pytest

from lightning_modeinterp.callbacks import HallucinationMonitor
from lightning_modeinterp.denoisers import MLP


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
