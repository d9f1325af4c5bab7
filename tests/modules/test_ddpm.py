"""The training glue, without the command line."""

import math
import warnings

import lightning as L
import pytest
import torch

from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixtureDataModule
from lightning_modeinterp.denoisers import MLP, Denoiser
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler, DDIMSampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Generation, Monitor
from lightning_modeinterp.keyed_noise import BatchNoise, keyed_generator
from lightning_modeinterp.modules import DDPM

SCHEDULE = LinearBetaSchedule(50, 0.001, 0.2)
TRAINER = {
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


def data(**settings):
    module = GaussianMixtureDataModule(
        [1.0, 2.0, 3.0], **{"size": 96, "validation_size": 32, "test_size": 32, "batch_size": 32, **settings}
    )
    module.generation = Generation(
        sampler=AncestralSampler(), num_samples=40, block_size=16, monitor=Monitor(num_samples=16)
    )
    return module


class Half(Denoiser):
    """Predict half of x_t: what the loss is can be worked out by hand."""

    def __init__(self):
        super().__init__((1,))
        self.factor = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, x_t, level):
        return self.factor * x_t


@pytest.mark.parametrize("prediction", ["eps", "x_0", "v"])
@pytest.mark.parametrize(("floor", "cap"), [(0.0, None), (0.0, 5.0), (1.0, 5.0)])
def test_loss_is_the_mean_squared_error_at_uniform_levels(prediction, floor, cap):
    module = DDPM(Half(), SCHEDULE, prediction=prediction, snr_weight_cap=cap, snr_weight_floor=floor)
    x_0 = torch.randn(64, 1)
    terms = module.loss_terms(x_0, BatchNoise(keyed_generator(0, "training", 3), 64))
    generator = keyed_generator(0, "training", 3)
    index = torch.randint(50, (64,), generator=generator)
    eps = torch.randn(64, 1, generator=generator)
    beta = torch.linspace(0.001, 0.2, 50, dtype=torch.float64)
    alpha_bar = torch.cumprod(1 - beta, 0)[index].unsqueeze(1)
    alpha, sigma = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    target = {"eps": eps, "x_0": x_0, "v": alpha * eps - sigma * x_0}[prediction]
    squared = (0.5 * (alpha * x_0 + sigma * eps) - target).square()
    snr = alpha_bar / (1 - alpha_bar)
    if cap is not None:
        squared = squared * snr.clamp(floor, cap) / {"eps": snr, "x_0": 1, "v": snr + 1}[prediction]
    assert terms["loss"].item() == pytest.approx(squared.mean().item(), rel=1e-5)


@pytest.mark.parametrize(("floor", "cap"), [(1.0, None), (6.0, 5.0), (-1.0, 5.0)])
def test_a_floor_of_the_weight_that_is_not_under_its_cap_is_refused(floor, cap):
    with pytest.raises(ConfigurationError, match=rf"snr_weight_floor: expected.*snr_weight_cap.*{cap}, got {floor}"):
        DDPM(Half(), SCHEDULE, snr_weight_cap=cap, snr_weight_floor=floor)


@pytest.mark.parametrize("num_samples", [8, 5])  # a full batch, and a last one that leaves the ranks uneven shares
def test_each_process_sees_its_rows_of_the_global_noise(num_samples):
    module = DDPM(Half(), SCHEDULE)
    x_0 = torch.randn(num_samples, 1)

    def loss(rank, world_size):
        noise = BatchNoise(keyed_generator(0, "training", 0), 8, rank, world_size)
        return module.loss_terms(x_0[rank::world_size], noise)["loss"]

    shares = torch.tensor([len(x_0[rank::2]) / num_samples for rank in range(2)])
    parts = torch.stack([loss(rank, 2) for rank in range(2)])
    assert loss(0, 1).item() == pytest.approx((shares * parts).sum().item(), rel=1e-6)


def test_a_denoiser_of_another_prediction_is_refused():
    exact = ExactMixture((1,), [1.0, 2.0], 0.05)
    with pytest.raises(ConfigurationError, match=r"model.prediction: expected x_0.*got eps"):
        DDPM(exact, SCHEDULE, prediction="eps")


def test_predict_returns_judged_samples_cut_to_size():
    trainer = L.Trainer(**TRAINER)
    batches = trainer.predict(DDPM(MLP((1,), width=16, num_steps=50), SCHEDULE), datamodule=data())
    assert torch.cat([batch.index for batch in batches]).tolist() == list(range(40))
    assert all(batch.samples.shape == (len(batch), 1) for batch in batches)
    assert all(batch.verdict is not None and batch.samples.dtype == torch.float32 for batch in batches)


def test_data_without_an_oracle_still_get_trajectory_variance():
    plain = data()
    plain.support = None
    (batch, *_) = L.Trainer(**TRAINER).predict(DDPM(MLP((1,), width=16, num_steps=50), SCHEDULE), datamodule=plain)
    assert batch.verdict is None
    assert batch.scores["variance/last_10"].shape == (16,)


def test_a_block_is_the_same_drawn_alone():
    trainer = L.Trainer(**TRAINER)
    module, source = DDPM(MLP((1,), width=16, num_steps=50), SCHEDULE), data()
    batches = trainer.predict(module, datamodule=source)
    samples, _ = module.drawing().sample(1, "predict", {})
    assert torch.equal(source.to_data_units(samples), batches[1].samples)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_drawing_gives_the_bits_of_predict_wherever_it_is_asked(precision):
    """Also beyond the steps of a Trainer, whose precision it keeps."""
    module, source = DDPM(MLP((1,), width=16, num_steps=50), SCHEDULE), data()
    batches = L.Trainer(**TRAINER, precision=precision).predict(module, datamodule=source)
    again = module.drawing().draw()
    assert torch.equal(again.samples, torch.cat([batch.samples for batch in batches]))
    variance = torch.cat([batch.score("variance/last_10") for batch in batches])
    assert torch.equal(again.score("variance/last_10"), variance)


def test_a_module_generates_without_a_trainer_given_the_data():
    module, source = DDPM(MLP((1,), width=16, num_steps=50), SCHEDULE), data()
    batch = module.generate(source.generation, [0, 2], data=source)
    assert module.training
    (*_, last) = L.Trainer(**TRAINER).predict(module, datamodule=source)
    assert batch.index.tolist() == [*range(16), *range(32, 40)]
    assert torch.equal(batch.samples[16:], last.samples)
    assert torch.equal(batch.verdict.kind[16:], last.verdict.kind)
    with pytest.raises(ConfigurationError, match="give data where there is no Trainer"):
        DDPM(MLP((1,), width=16, num_steps=50), SCHEDULE).generate(source.generation, [0])


class Dropping(Half):
    """Drops in training."""

    def forward(self, x_t, level):
        return torch.nn.functional.dropout(super().forward(x_t, level), 0.5, self.training)


def test_samples_of_a_module_that_is_training_are_drawn_as_in_evaluation():
    module, source = DDPM(Dropping(), SCHEDULE), data()
    first, second = (module.generate(source.generation, [0], data=source).samples for _ in range(2))
    assert torch.equal(first, second)
    assert module.training
    assert module.denoiser.training


def test_windows_are_checked_before_anything_is_computed():
    source = data()
    source.generation = Generation(sampler=AncestralSampler(num_steps=5))  # last_10 does not fit
    with pytest.raises(ConfigurationError, match=r"expected steps within 0\.\.4"):
        L.Trainer(**TRAINER).predict(DDPM(Half(), SCHEDULE), datamodule=source)


def test_a_foreign_datamodule_is_refused():
    with pytest.raises(ConfigurationError, match="expected a ModeInterpDataModule"):
        L.Trainer(**TRAINER).predict(DDPM(Half(), SCHEDULE), datamodule=L.LightningDataModule())


class Losses(DDPM):
    """Has the losses that it is told."""

    def __init__(self, losses):
        super().__init__(MLP((1,), width=16, num_steps=50), SCHEDULE)
        self.told = iter(losses)

    def loss_terms(self, x_0, noise):
        return {"loss": x_0.new_tensor(next(self.told))}


@pytest.mark.parametrize("losses", [[1.0, math.nan], [math.nan, 1.0], [1.0, math.inf]])
def test_a_loss_that_is_not_finite_is_not_dropped_from_the_mean(losses):
    (both, *_) = L.Trainer(**TRAINER).validate(Losses(losses), data(batch_size=16), verbose=False)
    assert not math.isfinite(both["val/loss"])
    (fine, *_) = L.Trainer(**TRAINER).validate(Losses([1.0, 2.0]), data(batch_size=16), verbose=False)
    assert fine["val/loss"] == 1.5


def test_predict_x_0_stays_in_float32_under_autocast():
    module = DDPM(MLP((1,), width=16, num_steps=50), SCHEDULE)
    level = SCHEDULE.grid()[:1].to(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert module.predict_x_0(torch.randn(4, 1), level).dtype == torch.float32


def test_scheduler_steps_with_the_optimiser():
    module = DDPM(
        MLP((1,), width=16, num_steps=50),
        SCHEDULE,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=1.0),
        lr_scheduler=lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5),
    )
    source = data()
    source.generation = Generation(monitor=source.generation.monitor, num_samples=4, block_size=4)
    source.generation.check = lambda *_: None
    trainer = L.Trainer(**TRAINER, max_steps=3, max_epochs=-1, limit_val_batches=0)
    trainer.fit(module, datamodule=source)
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.125)


@pytest.mark.slow
def test_a_compiled_fit_keeps_the_names_and_up_to_rounding_the_weights():
    states = []
    for compile_denoiser in (False, True):
        torch.manual_seed(0)
        module = DDPM(MLP((1,), width=16), SCHEDULE, compile_denoiser=compile_denoiser)
        L.Trainer(**TRAINER, max_steps=5, limit_val_batches=0).fit(module, data())
        states.append(module.state_dict())
    assert list(states[0]) == list(states[1])
    torch.testing.assert_close(*states, rtol=1e-2, atol=1e-3)
    assert not any(torch.equal(a, torch.zeros_like(a)) for a in states[1].values())


class TestTrueScore:
    def drawn(self, module, **settings):
        of = data()
        of.generation = Generation(num_samples=64, block_size=32, **settings)
        return L.Trainer(**TRAINER).predict(module, of)

    def test_the_samples_are_those_of_the_exact_denoiser(self):
        network = DDPM(MLP((1,), width=8), SCHEDULE)
        exact = DDPM(ExactMixture((1,), [1.0, 2.0, 3.0], 0.05), SCHEDULE, prediction="x_0")
        for ours, theirs in zip(self.drawn(network, true_score=True), self.drawn(exact), strict=True):
            assert torch.equal(ours.samples, theirs.samples)
            assert all(torch.equal(ours.scores[name], theirs.scores[name]) for name in theirs.scores)
        assert not torch.equal(self.drawn(network)[0].samples, self.drawn(exact)[0].samples)

    def test_it_is_made_once_for_all_blocks(self, monkeypatch):
        made, make = [], GaussianMixtureDataModule.exact_denoiser
        monkeypatch.setattr(GaussianMixtureDataModule, "exact_denoiser", lambda self: made.append(0) or make(self))
        self.drawn(DDPM(MLP((1,), width=8), SCHEDULE), true_score=True)
        assert len(made) == 1

    def test_data_that_do_not_know_it_are_refused(self, monkeypatch):
        monkeypatch.setattr(GaussianMixtureDataModule, "exact_denoiser", lambda self: None)
        with pytest.raises(ConfigurationError, match="true_score: expected data whose true score is known, got Gaus"):
            self.drawn(DDPM(MLP((1,), width=8), SCHEDULE), true_score=True)


@pytest.mark.parametrize(("num_levels", "num_steps"), [(2000, 1000), (1000, 2000), (3, 4)])
def test_a_time_table_of_another_grid_is_refused(num_levels, num_steps):
    match = rf"rounded to the noise schedule's {num_levels} levels, got MLP with num_steps {num_steps}; set it to"
    with pytest.raises(ConfigurationError, match=match):
        DDPM(MLP((1,), num_steps=num_steps, time_table=True), LinearBetaSchedule(num_levels))


@pytest.mark.parametrize(("num_levels", "num_steps"), [(1000, 1000), (4, 10)])
def test_a_time_table_that_has_every_level_is_not(num_levels, num_steps):
    DDPM(MLP((1,), num_steps=num_steps, time_table=True), LinearBetaSchedule(num_levels))


def test_without_a_time_table_levels_may_lie_between_steps():
    DDPM(MLP((1,), num_steps=1000), LinearBetaSchedule(2000))


class TestDoubts:
    """Of the sampler that a command is going to use, and of none other."""

    def warnings_of(self, command, prediction="eps", **settings):
        asked = data()
        asked.generation = Generation(num_samples=16, block_size=16, **settings)
        module = DDPM(MLP((1,), width=8), LinearBetaSchedule(1000, 0.001, 0.2), prediction)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(L.Trainer(**TRAINER, max_steps=1), command)(module, datamodule=asked)
        return [str(each.message) for each in caught if "generation.sampler" in str(each.message)]

    def test_a_sampler_that_may_run_away_gives_a_line(self):
        (line,) = self.warnings_of("test", sampler=DDIMSampler(20))
        assert "samples diverge; set start_alpha_bar" in line

    @pytest.mark.parametrize(("num_samples", "num_lines"), [(16, 1), (0, 0)])
    def test_a_fit_is_told_of_the_monitors(self, num_samples, num_lines):
        sampler, monitor = AncestralSampler(100), Monitor(num_samples, num_steps=15)
        assert len(self.warnings_of("validate", sampler=sampler, monitor=monitor)) == num_lines
        assert self.warnings_of("test", sampler=sampler, monitor=monitor) == []

    @pytest.mark.parametrize("settings", [{"true_score": True}, {"prediction": "v"}], ids=str)
    def test_where_nothing_is_divided_by_alpha_there_is_none(self, settings):
        assert self.warnings_of("test", sampler=DDIMSampler(20), **settings) == []
