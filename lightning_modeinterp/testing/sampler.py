"""Contract tests of samplers, and of those that draw from the data's distribution."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, NoiseSchedule
from lightning_modeinterp.diffusion.samplers import Sampler
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.expect import expect
from lightning_modeinterp.trajectories import TrajectoryObserver

_NUM_SAMPLES = 4
_NUM_GAUSSIAN_SAMPLES = 8192  # standard errors of mean and std: 1.1 % and 0.8 % of the std
_MEAN, _STD = 1.5, 0.8


def check_sampler(sampler: Sampler, schedule: NoiseSchedule | None = None, sample_shape: Sequence[int] = (2,)) -> None:
    """Check that a sampler keeps the contract of its interface, with a toy model.

    Its levels are float64, noisiest first, and from the schedule's grid unless the schedule is continuous.
    `with_num_steps` gives another sampler with that many levels. The model always sees the whole block in float32, at
    one level. Observers see every step, in order, from the first noise on, and its tensors are not changed later. The
    samples are finite float32 numbers, each dependent on its own noise alone: not on observers, earlier blocks or
    PyTorch's generator.

    Args:
        sampler: Any sampler.
        schedule: A noise schedule that it fits. The usual 1000 linear betas if None.
        sample_shape: Shape of one sample.

    Raises:
        AssertionError: If it breaks the contract.
    """
    schedule = LinearBetaSchedule() if schedule is None else schedule
    shape = (_NUM_SAMPLES, *sample_shape)
    check_arguments(sampler)
    _check_levels(sampler, schedule)
    _check_with_num_steps(sampler, schedule)
    with torch.inference_mode():
        _check_what_the_model_sees(sampler, schedule, shape)
        _check_what_observers_see(sampler, schedule, shape)
        _check_samples(sampler, schedule, shape)
        _check_each_sample_alone(sampler, schedule, shape)


def check_sampler_converges(sampler: Sampler, schedule: NoiseSchedule | None = None, tolerance: float = 0.05) -> None:
    """Check that a sampler draws from the data's distribution, by mean and std of a Gaussian with its exact model.

    It cannot detect a sampler that is right for Gaussians only. One with another aim, such as sharper samples, need not
    pass.

    Args:
        sampler: A sampler with enough steps to converge.
        schedule: A noise schedule that it fits and that ends in noise. The usual 1000 linear betas if None.
        tolerance: Largest error of mean and std, as a share of the std; the default is about 4 standard errors.

    Raises:
        AssertionError: If mean or standard deviation differs.
    """
    schedule = LinearBetaSchedule() if schedule is None else schedule
    with torch.inference_mode():
        samples, _ = sampler.sample(_exact_mean, schedule, _noise((_NUM_GAUSSIAN_SAMPLES, 1)), {})
    mean, std = samples.double().mean().item(), samples.double().std().item()
    expect(
        abs(mean - _MEAN) < tolerance * _STD and abs(std - _STD) < tolerance * _STD,
        f"{type(sampler).__name__}: expected the exact model of a Gaussian to give mean {_MEAN} and std {_STD} within "
        f"{tolerance:.3g} of the std, got {mean:.4g} and {std:.4g} in {len(sampler.levels(schedule))} steps; use more "
        "steps, or fix the update: on average it has to preserve q(x_t)",
    )


def _exact_mean(x_t: Tensor, level: NoiseLevel) -> Tensor:
    """Posterior mean of x_0 ~ N(mean, std^2): ``mean + alpha std^2 / (alpha^2 std^2 + sigma^2) (x_t - alpha mean)``."""
    alpha, sigma = level.alpha.double(), level.sigma.double()
    gain = alpha * _STD**2 / (alpha**2 * _STD**2 + sigma**2)
    return (_MEAN + gain * (x_t.double() - alpha * _MEAN)).to(x_t.dtype)


class _Model:
    """A smooth, bounded stand-in for a network, which records its input."""

    def __init__(self) -> None:
        self.asked: list[tuple[Tensor, NoiseLevel]] = []

    def __call__(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        self.asked.append((x_t, level))
        return torch.tanh(x_t + level.t.reshape(-1, *[1] * (x_t.ndim - 1)))


class _StepLog(TrajectoryObserver[None]):
    """Records the steps, with copies of their tensors."""

    def __init__(self) -> None:
        self.steps: list[SamplingStep] = []
        self.shown: list[tuple[Tensor, Tensor]] = []

    def init(self, x_t: Tensor, levels: NoiseLevel) -> None:
        self.levels, self.start = levels, x_t.clone()

    def update(self, state: None, step: SamplingStep) -> None:
        self.steps.append(step)
        self.shown.append((step.x_t.clone(), step.x_0_hat.clone()))

    def result(self, state: None) -> Tensor:
        return self.start


def _noise(shape: Sequence[int], seed: int = 0) -> Callable[[], Tensor]:
    generator = keyed_generator(seed, "testing", 0)
    return lambda: torch.randn(tuple(shape), generator=generator)


def _check_levels(sampler: Sampler, schedule: NoiseSchedule) -> None:
    name, levels, grid = f"{type(sampler).__name__}.levels", sampler.levels(schedule), schedule.grid()
    expect(
        len(levels) >= 2 and levels.gamma.dtype == torch.float64 and levels.gamma.shape == levels.t.shape,
        f"{name}: expected at least 2 levels in float64, got {len(levels)} in {levels.gamma.dtype}; take them from "
        "schedule.grid()",
    )
    expect(
        bool((levels.t.diff() < 0).all()),
        f"{name}: expected the noisiest level first and no level twice, got t = {levels.t[:3].tolist()}, ...; "
        "sampling goes backwards in time",
    )
    if schedule.is_continuous:
        expect(
            bool((levels.gamma >= grid.gamma[0]).all() and (levels.gamma <= grid.gamma[-1]).all()),
            f"{name}: expected gamma within the schedule's {grid.gamma[0]:.6g}..{grid.gamma[-1]:.6g}, got "
            f"{levels.gamma[-1]:.6g}..{levels.gamma[0]:.6g}; ask schedule.level for times from 0 to 1",
        )
        return
    place = torch.searchsorted(grid.t, levels.t).clamp(max=len(grid) - 1)
    expect(
        torch.equal(grid.t[place], levels.t) and torch.equal(grid.gamma[place], levels.gamma),
        f"{name}: expected levels of the schedule's grid, which is what a model is trained on, got others; index "
        "schedule.grid()",
    )


def _check_with_num_steps(sampler: Sampler, schedule: NoiseSchedule) -> None:
    name, num_steps = f"{type(sampler).__name__}.with_num_steps", len(sampler.levels(schedule))
    few = max(2, num_steps // 2)
    other = sampler.with_num_steps(few)
    expect(
        type(other) is type(sampler) and len(other.levels(schedule)) == few,
        f"{name}: expected the same sampler with {few} levels, got {type(other).__name__} with "
        f"{len(other.levels(schedule))}; let `levels` follow num_steps",
    )
    expect(
        len(sampler.levels(schedule)) == num_steps,
        f"{name}: expected the original to keep its {num_steps} levels, got {len(sampler.levels(schedule))}; "
        "change a copy",
    )
    expect(
        sampler.with_num_steps(None) is sampler,
        f"{name}: expected the sampler itself for None, got another; None keeps what it has",
    )


def _check_what_the_model_sees(sampler: Sampler, schedule: NoiseSchedule, shape: Sequence[int]) -> None:
    model = _Model()
    sampler.sample(model, schedule, _noise(shape), {})
    expect(
        all(x_t.shape == tuple(shape) and x_t.dtype == torch.float32 for x_t, _ in model.asked)
        and all(level.gamma.shape == (1,) and level.gamma.dtype == torch.float32 for _, level in model.asked),
        f"{type(sampler).__name__}.sample: expected the model to see the whole block {tuple(shape)} in float32 at one "
        "level of shape (1,), got others; a block is what a network sees at once",
    )


def _check_what_observers_see(sampler: Sampler, schedule: NoiseSchedule, shape: Sequence[int]) -> None:
    name, log, levels = f"{type(sampler).__name__}.sample", _StepLog(), sampler.levels(schedule)
    _, results = sampler.sample(_Model(), schedule, _noise(shape), {"log": log})
    indices = [step.index for step in log.steps]
    expect(
        results.keys() == {"log"},
        f"{name}: expected each observer's result under its name, got {sorted(results)}; return them with the samples",
    )
    expect(
        indices == list(range(len(levels) - 1, -1, -1)),
        f"{name}: expected every step to be shown once, counted down by the steps left from {len(levels) - 1} to 0, "
        f"got {indices[:3]}, ..., {len(indices)} in all; update the observers once a step",
    )
    gamma = torch.cat([step.level.gamma for step in log.steps])
    expect(
        torch.equal(gamma, levels.gamma.float()) and torch.equal(log.levels.gamma, levels.gamma),
        f"{name}: expected observers to see the sampler's levels, noisiest first, got others; show the level of x_t",
    )
    expect(
        torch.equal(log.start, _noise(shape)()) and torch.equal(log.shown[0][0], log.start),
        f"{name}: expected the first draw of noise as the first x_t, got another; start at draw_noise()",
    )
    for step, (x_t, x_0_hat) in zip(log.steps, log.shown, strict=True):
        expect(
            torch.equal(x_0_hat, _Model()(x_t, step.level)),
            f"{name}: expected x_0_hat to be what the model says of x_t at that level, got another with {step.index} "
            "steps left; show the prediction as it is",
        )
        expect(
            torch.equal(step.x_t, x_t) and torch.equal(step.x_0_hat, x_0_hat),
            f"{name}: expected a step to stay as it was shown, got another one later on; write into new tensors",
        )


def _check_samples(sampler: Sampler, schedule: NoiseSchedule, shape: Sequence[int]) -> None:
    name = f"{type(sampler).__name__}.sample"

    def draw(seed: int, observers: dict[str, TrajectoryObserver[None]]) -> Tensor:
        return sampler.sample(_Model(), schedule, _noise(shape, seed), observers)[0]

    samples, others, again = draw(0, {"log": _StepLog()}), draw(1, {}), draw(0, {})
    expect(
        samples.shape == tuple(shape) and samples.dtype == torch.float32 and bool(samples.isfinite().all()),
        f"{name}: expected finite float32 samples of the noise's shape {tuple(shape)}, got {samples.dtype} of "
        f"{tuple(samples.shape)}, {int(samples.isfinite().sum())} numbers of them finite; compute the scales in "
        "float64, and mind the last next_level: gamma = -inf, sigma = 0",
    )
    expect(
        torch.equal(samples, again),
        f"{name}: expected the same samples from the same noise, got others after another block was drawn and without "
        "observers; draw by draw_noise only, and keep nothing on self",
    )
    expect(
        not torch.equal(samples, others),
        f"{name}: expected other samples from other noise, got the same; draw by draw_noise only",
    )


def _check_each_sample_alone(sampler: Sampler, schedule: NoiseSchedule, shape: Sequence[int]) -> None:
    draw, draw_others = _noise(shape), _noise(shape, seed=1)
    samples, _ = sampler.sample(_Model(), schedule, _noise(shape), {})
    mixed, _ = sampler.sample(_Model(), schedule, lambda: torch.cat([draw()[:1], draw_others()[1:]]), {})
    expect(
        torch.allclose(samples[0], mixed[0], rtol=1e-4, atol=1e-4),
        f"{type(sampler).__name__}.sample: expected a sample to depend on its own noise alone, got another one beside "
        "other samples; use no statistics of the batch",
    )
