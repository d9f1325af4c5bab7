"""What scores of a watch hold for."""

import json

import pytest
import torch

from lightning_modeinterp import watch
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.threshold import Threshold

from .test_pipelines import SAID, WINDOWS, pipeline_of


def scores_and_settings(pipeline, **said):
    with watch(pipeline, WINDOWS) as seen:
        pipeline(batch_size=8, generator=torch.Generator().manual_seed(0), **{**SAID, **said})
    return seen.scores["variance/late"], seen.fingerprint


def test_a_threshold_travels_to_the_same_pipeline_and_no_other(tmp_path):
    pipeline = pipeline_of("DDIM")
    scores, settings = scores_and_settings(pipeline)
    assert json.loads(json.dumps(settings)) == settings
    Threshold.at_retained(scores, retained=0.75, score="variance/late", set_on=settings).save(tmp_path / "late.json")
    again = Threshold.load(tmp_path / "late.json", scores_and_settings(pipeline)[1])
    assert again.flags(scores).sum() == 2
    with torch.no_grad():
        next(pipeline.unet.parameters()).add_(0.1)
    other_weights = scores_and_settings(pipeline)[1]
    for other, named in (
        (other_weights, "weights_sha256"),
        (scores_and_settings(pipeline_of("DDIM"), num_inference_steps=10)[1], "num_steps"),
        (scores_and_settings(pipeline_of("DDPM"))[1], "scheduler"),
    ):
        with pytest.raises(ConfigurationError, match=named):
            Threshold.load(tmp_path / "late.json", other)


def test_a_bare_loop_knows_its_steps_and_windows():
    with watch(windows={"late": (0.1, 0.5)}) as seen:
        for noise_to_signal in (2.0, 0.5, 0.3, 0.1):
            seen.see(torch.rand(8, 2), noise_to_signal)
    assert seen.fingerprint == {"num_steps": 4, "windows": {"late": {"noise_to_signal": [0.1, 0.5]}}}


def test_batches_of_different_lengths_have_none():
    pipeline = pipeline_of("DDIM")
    with watch(pipeline, WINDOWS) as seen:
        pipeline(batch_size=2, **SAID)
        pipeline(batch_size=2, **{**SAID, "num_inference_steps": 10})
    with pytest.raises(ConfigurationError, match=r"expected batches of one number of steps, got \[10, 20\]"):
        _ = seen.fingerprint
