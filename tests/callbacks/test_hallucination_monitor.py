"""What a test writes down, also where there is little to measure."""

import json

import pytest

from lightning_modeinterp.callbacks import HallucinationMonitor


def tested(evaluation, data):
    """The numbers in the file, and those that were logged."""
    trainer = evaluation.trainer(HallucinationMonitor())
    (logged, *_) = trainer.test(evaluation.module, data, verbose=False)
    return json.loads((evaluation.folder / "test_metrics.json").read_text()), logged


@pytest.mark.parametrize("judged", [True, False])
def test_the_file_has_the_loss(evaluation, judged):
    written, logged = tested(evaluation, evaluation.data(judged))
    assert written["loss"] == logged["test/loss"] > 0
    assert ("hallucination_rate" in written) == judged


@pytest.mark.parametrize("num_samples", [1, 2, 3])
def test_few_samples_are_no_error(evaluation, num_samples):
    """No mode has two samples: their spread is 0, and no ratio of spreads is to be had."""
    data = evaluation.data()
    data.generation.num_samples = num_samples
    written, _ = tested(evaluation, data)
    assert written["num_samples"] == num_samples
    assert (written["within_mode_std_ratio"] is None) == (written["within_mode_std_exact"] == 0)
    assert (written["within_mode_std_exact"] == 0) == (num_samples == 1)
