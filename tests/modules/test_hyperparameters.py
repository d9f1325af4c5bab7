"""Modules that are made by hand: fit, load and go on, with plain data in the checkpoint."""

import warnings
from functools import partial

import lightning as L
import numpy as np
import pytest
import torch

from lightning_modeinterp import load_run
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP, Denoiser
from lightning_modeinterp.diffusion.decoders import GaussianDecoder
from lightning_modeinterp.diffusion.noise_schedules import LearnedGammaSchedule, LinearBetaSchedule, LinearGammaSchedule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.modules import DDPM, VDM
from lightning_modeinterp.sample_store import SampleStore
from tests.integration.conftest import Runner

SETTINGS = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False}
ADAM = partial(torch.optim.Adam, lr=0.01)


def ddpm(optimizer=None):
    return DDPM(
        MLP((1,), np.int64(16)), LinearBetaSchedule(100, 0.001, 0.2), prediction="v", optimizer=optimizer, seed=3
    )


def vdm(optimizer=None):
    return VDM(MLP((1,), width=16), LearnedGammaSchedule(-9.0), optimizer=optimizer, decoder=GaussianDecoder())


def data():
    return GaussianMixtureDataModule([1.0, 2.0, 3.0], size=96, validation_size=32, test_size=32, batch_size=32)


def fit(folder, module, num_steps, ckpt_path=None):
    """Train up to a step; gives the checkpoint."""
    trainer = L.Trainer(max_steps=num_steps, limit_val_batches=0, default_root_dir=folder, **SETTINGS)
    trainer.fit(module, data(), ckpt_path=ckpt_path)
    trainer.save_checkpoint(folder / f"{num_steps}.ckpt")
    return folder / f"{num_steps}.ckpt"


def same_weights(one, other):
    return all(torch.equal(one.state_dict()[name], value) for name, value in other.state_dict().items())


@pytest.mark.parametrize("make", [ddpm, vdm])
def test_fit_load_and_go_on(tmp_path, make):
    torch.manual_seed(0)
    module = make(ADAM)
    loaded = type(module).load_from_checkpoint(fit(tmp_path, module, 4))
    assert same_weights(loaded, module)
    assert (loaded.prediction, loaded.seed, loaded.noise_schedule.num_steps) == (
        *(module.prediction, module.seed, module.noise_schedule.num_steps),
    )
    whole = fit(tmp_path / "whole", make(ADAM), 7, ckpt_path=tmp_path / "4.ckpt")
    assert same_weights(type(module).load_from_checkpoint(whole), _trained(make, 7, tmp_path / "anew"))


def _trained(make, num_steps, folder):
    torch.manual_seed(0)
    module = make(ADAM)
    fit(folder, module, num_steps)
    return module


def test_a_checkpoint_by_hand_is_plain_data_as_the_command_line_has_it(tmp_path):
    stored = torch.load(fit(tmp_path, ddpm(ADAM), 1), weights_only=True)["hyper_parameters"]
    assert stored.pop("_instantiator") == "lightning.pytorch.cli.instantiate_module"
    network, schedule = stored.pop("denoiser"), stored.pop("noise_schedule")
    assert stored == {
        **{"_class_path": "lightning_modeinterp.modules.DDPM", "prediction": "v", "lr_scheduler": None, "seed": 3},
        **{"snr_weight_cap": None, "snr_weight_floor": 0.0, "compile_denoiser": False},
    }
    assert network["class_path"] == "lightning_modeinterp.denoisers.MLP"
    assert network["init_args"]["sample_shape"] == [1]
    assert network["init_args"]["width"] == 16
    assert schedule["class_path"] == "lightning_modeinterp.diffusion.noise_schedules.LinearBetaSchedule"
    assert schedule["init_args"] == {"num_steps": 100, "beta_start": 0.001, "beta_end": 0.2}


def test_the_command_line_takes_a_checkpoint_by_hand_and_knows_another_model(tmp_path, capsys):
    run = Runner(tmp_path / "runs")
    path = fit(tmp_path, DDPM(MLP((1,), width=16), LinearBetaSchedule(1000, 0.001, 0.2)), 3)
    run("predict", f"--ckpt_path={path}")
    assert "does not say what data it was trained on" in capsys.readouterr().err
    (stored,) = SampleStore.open(run.folder / "predictions")
    loaded = load_run(run.folder)
    assert torch.equal(loaded.draw().samples, stored.samples)
    other = fit(tmp_path, ddpm(), 3)
    with pytest.raises(ConfigurationError, match=r"model\.\S+: expected .*, with which the checkpoint was trained"):
        run("predict", f"--ckpt_path={other}", "--run.name=other")


def test_what_was_loaded_can_be_saved_and_loaded_again(tmp_path):
    once = DDPM.load_from_checkpoint(fit(tmp_path, ddpm(), 2))
    again = DDPM.load_from_checkpoint(fit(tmp_path / "again", once, 2))
    assert same_weights(again, once)
    assert again.hparams == once.hparams == ddpm().hparams


def test_a_part_that_no_name_leads_to_is_given_anew(tmp_path):
    class Half(Denoiser):
        def __init__(self):
            super().__init__((1,))
            self.factor = torch.nn.Parameter(torch.tensor(0.5))

        def forward(self, x_t, level):
            return self.factor * x_t

    module = DDPM(Half(), LinearBetaSchedule(100, 0.001, 0.2))
    assert "denoiser" not in module.hparams
    path = fit(tmp_path, module, 3)
    assert same_weights(DDPM.load_from_checkpoint(path, denoiser=Half()), module)


def test_making_a_module_by_hand_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        VDM(MLP((1,), width=16), LinearGammaSchedule(), optimizer=lambda weights: torch.optim.SGD(weights, lr=1.0))
