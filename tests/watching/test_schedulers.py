"""x_0_hat by each scheduler's own scales: the targets that the model of a loop predicts come back."""

import numpy as np
import pytest
import torch

from lightning_modeinterp import watch
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.trajectories import TrajectoryRecorder
from tests.watching.loops import CASES, diffusers, variance_in, walk

BOTH = [(name, prediction) for name, case in CASES.items() for prediction in case.predictions]
WINDOWS = {"late": (0.0, 1.0), "early": (0.5, 20.0)}


@pytest.mark.parametrize(("name", "prediction"), BOTH, ids=[f"{name}-{each}" for name, each in BOTH])
def test_what_the_model_predicts_is_seen(name, prediction):
    case = CASES[name]
    scheduler = case.make(prediction)
    with watch(scheduler, WINDOWS, {"path": TrajectoryRecorder(range(4))}) as seen:
        walked = walk(case, scheduler, prediction)
    torch.testing.assert_close(seen.statistics["path"], walked.x_0_hat.transpose(0, 1), rtol=1e-6, atol=1e-6)
    for window, ends in WINDOWS.items():
        assert seen.scores[f"variance/{window}"].dtype == torch.float64
        np.testing.assert_allclose(seen.scores[f"variance/{window}"], variance_in(walked, *ends), rtol=1e-6)


@pytest.mark.parametrize("name", ["ddpm", "ddim", "euler", "euler_ancestral", "heun", "lcm"])
@pytest.mark.parametrize("clip", [False, True])
def test_it_is_what_the_scheduler_says_where_it_says_it(name, clip):
    case = CASES[name]
    settings = {"timestep_scaling": 2.0} if name == "lcm" else {}
    if name not in ("euler", "euler_ancestral"):
        settings |= {"clip_sample": clip, "clip_sample_range": 0.7}
    scheduler = case.make(**settings)
    with watch(scheduler, observers={"path": TrajectoryRecorder(range(4))}) as seen:
        walked = walk(case, scheduler, dtype=torch.float32)
    said = [each.denoised if name == "lcm" else each.pred_original_sample for each in walked.outputs]
    expected = torch.stack(said[::2] if name == "heun" else said, dim=1).double()
    torch.testing.assert_close(seen.statistics["path"], expected, rtol=1e-4, atol=1e-4)
    has_clipped = bool((walked.x_0_hat.abs() > 0.7).any()) and clip and bool(settings)
    assert (seen.statistics["path"].abs() <= 0.7 + 1e-3).all() == has_clipped


@pytest.mark.parametrize("name", ["ddpm", "ddim", "dpm_multi", "dpm_single", "unipc"])
def test_a_thresholded_prediction_is_the_one_seen(name):
    case = CASES[name]
    scheduler = case.make("sample", thresholding=True, dynamic_thresholding_ratio=0.8, sample_max_value=1.1)
    with watch(scheduler, observers={"path": TrajectoryRecorder(range(4))}) as seen:
        walked = walk(case, scheduler, "sample")
    flat = walked.x_0_hat.abs().flatten(2)
    limit = flat.quantile(0.8, dim=2).clamp(1, 1.1)[..., None, None, None]
    expected = torch.minimum(torch.maximum(walked.x_0_hat, -limit), limit) / limit
    assert not torch.equal(expected, walked.x_0_hat)
    torch.testing.assert_close(seen.statistics["path"], expected.transpose(0, 1))


def test_a_scheduler_heeds_only_what_its_kind_heeds():
    """A config that was taken over keeps settings of the kind that it came from."""
    taken_over = diffusers.DPMSolverMultistepScheduler.from_config(diffusers.DDPMScheduler(clip_sample=True).config)
    assert taken_over.config["clip_sample"]
    with watch(taken_over, observers={"path": TrajectoryRecorder(range(4))}) as seen:
        walked = walk(CASES["dpm_multi"], taken_over)
    assert walked.x_0_hat.abs().max() > 1
    torch.testing.assert_close(seen.statistics["path"], walked.x_0_hat.transpose(0, 1), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("prediction", ["epsilon", "sample"])
def test_a_learned_variance_is_left_out(prediction):
    scheduler = CASES["ddpm"].make(prediction, variance_type="learned_range")
    scheduler.set_timesteps(5)
    x, output = torch.randn(2, 2, 3, 4, 4).unbind()
    with watch(scheduler, {"all": (0.0, 1e6)}) as seen:
        for t in scheduler.timesteps:
            scheduler.step(torch.cat([output, output], dim=1), t, x)
    assert seen.scores["variance/all"].shape == (2,)


def test_a_start_from_pure_noise_has_no_signal():
    """Of beta schedules with a terminal signal-to-noise ratio of zero the first level lies in no window."""
    case = CASES["ddim"]
    scheduler = case.make("v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing")
    with watch(scheduler, {"all": (0.0, 1e9)}, {"path": TrajectoryRecorder(range(4))}) as seen:
        walked = walk(case, scheduler, "v_prediction")
    assert walked.noise_to_signal[0] == np.inf
    assert seen.statistics["path"].isfinite().all()
    np.testing.assert_allclose(seen.scores["variance/all"], variance_in(walked, 0, 1e9))


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        (diffusers.DDIMInverseScheduler(), "expected a scheduler among DDPMScheduler, .* got DDIMInverseScheduler"),
        (diffusers.EulerDiscreteScheduler(prediction_type="score"), "one of epsilon, .* got score"),
        (diffusers.PNDMScheduler(), "expected a PNDMScheduler with skip_prk_steps: true"),
        (diffusers.FlowMatchEulerDiscreteScheduler(invert_sigmas=True), "got invert_sigmas: true"),
    ],
    ids=["unknown", "prediction", "runge_kutta", "inverted"],
)
def test_what_cannot_be_read_is_refused_in_one_line(scheduler, message):
    with pytest.raises(ConfigurationError, match=message) as refusal:
        watch(scheduler, WINDOWS)
    assert "\n" not in str(refusal.value)


def test_a_class_of_ones_own_is_read_as_the_one_it_comes_from():
    class Mine(diffusers.DDIMScheduler):
        pass

    scheduler = Mine(clip_sample=False)
    with watch(scheduler, WINDOWS) as seen:
        walked = walk(CASES["ddim"], scheduler)
    np.testing.assert_allclose(seen.scores["variance/late"], variance_in(walked, 0, 1))
