"""What a command saved is made again, by old names too."""

import pytest
import torch
import yaml

from lightning_modeinterp.configuration.parser_errors import first_of
from lightning_modeinterp.configuration.saved_config import data_of, generation_of, module_of, read_config
from lightning_modeinterp.data.gaussian import GaussianGridDataModule
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.samplers import DDIMSampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.modules import DDPM

SETTINGS = {"arrangement": "diamond_same_spacing", "size": 7, "seed": 3, "batch_size": 1}
DATA = {"class_path": "lightning_modeinterp.data.gaussian.GaussianGridDataModule", "init_args": SETTINGS}
SCHEDULE = "lightning_modeinterp.diffusion.noise_schedules.LinearBetaSchedule"
MODEL = {
    "class_path": "lightning_modeinterp.modules.DDPM",
    "init_args": {
        "denoiser": {"class_path": "lightning_modeinterp.denoisers.MLP", "init_args": {"width": 8}},
        "noise_schedule": {"class_path": SCHEDULE, "init_args": {"num_steps": 30}},
        "optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.1}},
    },
}
DDIM = {"class_path": "lightning_modeinterp.diffusion.samplers.DDIMSampler", "init_args": {"num_steps": 20}}


@pytest.fixture
def saved(tmp_path):
    """Write a config and read it back."""

    def write(**sections):
        file = tmp_path / "config_fit.yaml"
        file.write_text(yaml.safe_dump({"seed_everything": 5, "data": DATA, "model": MODEL, **sections}))
        return read_config(str(file))

    return write


@pytest.mark.parametrize("home", ["data.gaussian", "datamodules"])
def test_the_data_are_those_of_the_config(saved, home):
    path = f"lightning_modeinterp.{home}.GaussianGridDataModule"
    config = saved(data={"class_path": path, "init_args": SETTINGS}, model={"class_path": "no.M"})
    expected, data = GaussianGridDataModule(**SETTINGS), data_of(config)
    assert torch.equal(data.mixture.means, expected.mixture.means)
    assert torch.equal(data.make_dataset("train").samples, expected.make_dataset("train").samples)


def test_the_generation_is_that_of_the_config(saved):
    windows = {"late": {"noise_to_signal": [0.1, 1.0]}}
    generation = generation_of(
        saved(generation={"sampler": DDIM, "windows": windows, "window": "late", "monitor": {"num_samples": 3}})
    )
    assert isinstance(generation.sampler, DDIMSampler)
    assert (generation.sampler.num_steps, generation.monitor.num_samples) == (20, 3)
    assert generation.variance.windows["late"].noise_to_signal == (0.1, 1.0)


def test_the_model_is_that_of_the_config_for_samples_of_the_data(saved):
    config = saved()
    module = module_of(config, data_of(config))
    assert isinstance(module, DDPM)
    assert isinstance(module.denoiser, MLP)
    assert (module.denoiser.sample_shape, module.denoiser.width, module.noise_schedule.num_steps) == ((2,), 8, 30)
    assert module.configure_optimizers().defaults["lr"] == 0.1


def test_a_class_of_ones_own_that_moved_is_known_by_the_config_that_says_so(saved):
    moved = {"gone_for_good.Grid": DATA["class_path"]}
    data = data_of(saved(data={"class_path": "gone_for_good.Grid", "init_args": SETTINGS}, moved_names=moved))
    assert isinstance(data, GaussianGridDataModule)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"data": {"class_path": "no.such.Data"}}, "data: expected the name of a class, got no.such.Data"),
        ({"data": {"class_path": DATA["class_path"], "init_args": {"sise": 3}}}, "sise: no such option; .*size"),
        ({"data": {**DATA, "init_args": {**SETTINGS, "size": 0}}}, "data: expected sizes >= 1"),
        ({"data": None}, "data"),
    ],
    ids=["class", "argument", "value", "none"],
)
def test_what_cannot_be_made_is_refused_in_one_line(saved, sections, message):
    config = saved(**sections)
    with pytest.raises(ConfigurationError, match=message) as refusal:
        data_of(config)
    assert "\n" not in str(refusal.value)


def test_an_error_that_nobody_knows_has_no_cycle_of_causes(saved):
    """Following its causes once went on for ever."""
    config = saved(data={**DATA, "init_args": {**SETTINGS, "support": None}})
    with pytest.raises(ValueError, match="NoneType") as error:
        data_of(config)
    assert first_of((ConfigurationError,), error.value) is None


def test_a_cycle_of_causes_ends():
    error, other = ValueError(), KeyError()
    error.__cause__, other.__cause__ = other, error
    assert first_of((ConfigurationError,), error) is None
    assert first_of((KeyError,), error) is other


@pytest.mark.parametrize("content", [None, "a: [", "just words", "{trainer: {}}", b"\xff\xfe"], ids=str)
def test_a_file_that_is_no_config_is_refused(tmp_path, content):
    file = tmp_path / "config_fit.yaml"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError, match=r"config_fit\.yaml: expected "):
        read_config(file)
