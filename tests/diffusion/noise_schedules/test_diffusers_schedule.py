"""What diffusers writes of a scheduler is read as the noise levels that its own class has."""

import json

import diffusers
import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import CosineSchedule, DiffusersSchedule, LinearBetaSchedule
from lightning_modeinterp.errors import ConfigurationError

OF_BETAS = ("DDPM", "DDIM", "PNDM", "DPMSolverMultistep", "DPMSolverSinglestep", "UniPCMultistep", "EulerDiscrete")


def saved(tmp_path, scheduler="DDPM", **settings):
    made = getattr(diffusers, f"{scheduler}Scheduler")(**settings)
    made.save_pretrained(tmp_path / "scheduler")
    return made


def write(tmp_path, **config):
    (tmp_path / "scheduler_config.json").write_text(json.dumps(config))
    return tmp_path


@pytest.mark.parametrize("scheduler", OF_BETAS)
@pytest.mark.parametrize("kind", ["linear", "scaled_linear", "squaredcos_cap_v2"])
def test_levels_are_those_of_the_scheduler(tmp_path, scheduler, kind):
    ends = {"beta_start": 0.00085, "beta_end": 0.012}
    theirs = saved(tmp_path, scheduler, num_train_timesteps=200, beta_schedule=kind, **ends).alphas_cumprod
    grid = DiffusersSchedule(tmp_path).grid()
    torch.testing.assert_close(grid.alpha.square().float(), theirs, rtol=1e-3, atol=1e-9)  # theirs is float32


def test_sigmoid_and_betas_one_by_one(tmp_path):
    betas = torch.rand(50, generator=torch.Generator().manual_seed(0)) * 0.1 + 1e-3
    for settings in ({"beta_schedule": "sigmoid"}, {"trained_betas": betas.tolist()}):
        theirs = saved(tmp_path, num_train_timesteps=50, **settings).alphas_cumprod
        torch.testing.assert_close(DiffusersSchedule(str(tmp_path)).grid().alpha.square().float(), theirs)


def test_is_one_of_ours_where_we_have_it(tmp_path):
    write(tmp_path, num_train_timesteps=300, beta_schedule="linear", beta_start=1e-3, beta_end=0.2)
    assert torch.equal(DiffusersSchedule(tmp_path).gamma_grid, LinearBetaSchedule(300, 1e-3, 0.2).gamma_grid)
    write(tmp_path, num_train_timesteps=300, beta_schedule="squaredcos_cap_v2")
    assert torch.equal(DiffusersSchedule(tmp_path).gamma_grid, CosineSchedule(300).gamma_grid)


@pytest.mark.parametrize(("theirs", "ours"), [("epsilon", "eps"), ("sample", "x_0"), ("v_prediction", "v")])
def test_says_what_the_network_predicts(tmp_path, theirs, ours):
    saved(tmp_path, prediction_type=theirs)
    assert DiffusersSchedule(tmp_path).trained_prediction == ours


@pytest.mark.parametrize(
    ("scheduler", "settings", "message"),
    [
        ("FlowMatchEulerDiscrete", {}, "expected a schedule of betas.* got FlowMatchEulerDiscreteScheduler without"),
        ("EDMEuler", {}, "expected a schedule of betas.* got EDMEulerScheduler without any; `watch` sees"),
        ("DDIM", {"rescale_betas_zero_snr": True}, "expected some signal at every step, got rescale_betas_zero_snr"),
        ("DDPM", {"beta_schedule": "laplace"}, "expected beta_schedule linear, .* got laplace"),
        ("DPMSolverMultistep", {"prediction_type": "flow_prediction"}, "expected prediction_type epsilon, .*got flow"),
        ("EulerDiscrete", {"timestep_type": "continuous"}, "expected timestep_type discrete, got continuous"),
    ],
)
def test_refuses_what_is_no_schedule_of_ours(tmp_path, scheduler, settings, message):
    saved(tmp_path, scheduler, **settings)
    with pytest.raises(ConfigurationError, match=f"scheduler_config.json: {message}"):
        DiffusersSchedule(tmp_path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"beta_schedule": "linear", "beta_start": -1}, "beta_start to be a number >= 0, got -1"),
        ({"beta_schedule": "linear", "beta_end": "much"}, "beta_end to be a number >= 0, got 'much'"),
        ({"beta_schedule": "linear", "beta_end": 1.5}, "betas between 0 and 1, got 0.0001 to 1.5"),
        ({"trained_betas": [0.1, 0.2]}, "trained_betas as a list of num_train_timesteps = 1000 numbers, got 2"),
        ({"trained_betas": "0.1"}, "trained_betas as a list of .* got str"),
        ({"trained_betas": None}, "expected beta_schedule linear, .*got None"),
    ],
    ids=str,
)
def test_refuses_other_numbers(tmp_path, config, message):
    with pytest.raises(ConfigurationError, match=message):
        DiffusersSchedule(write(tmp_path, **config))


def test_refuses_a_folder_without_one(tmp_path):
    with pytest.raises(ConfigurationError, match="nowhere: expected a folder of the diffusers library"):
        DiffusersSchedule(tmp_path / "nowhere")
    (tmp_path / "scheduler_config.json").write_text("[1]")
    with pytest.raises(ConfigurationError, match="expected JSON with named values"):
        DiffusersSchedule(tmp_path)
