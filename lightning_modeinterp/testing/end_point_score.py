"""The contract test of end-point scores."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.detectors import EndPointScore
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import expand
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.draws import normal
from lightning_modeinterp.testing.expect import expect, expect_no_error

_NUM_SAMPLES = 8


def check_end_point_score(
    score: EndPointScore, schedule: NoiseSchedule | None = None, sample_shape: Sequence[int] = (2,)
) -> None:
    """Check that an end-point score keeps the contract of its interface, with a toy model.

    It gives one finite float64 number per sample, in sample order, that depends on the sample alone, even beside a
    sample of nan. The same samples always get the same scores, independent of PyTorch's generator. The model is called
    at levels of shape (1,) in the samples' precision, within inference mode, as in sampling; the samples are not
    changed.

    Args:
        score: Any score.
        schedule: A noise schedule that it fits. The usual 1000 linear betas if None.
        sample_shape: Shape of one sample that it fits.

    Raises:
        AssertionError: If it breaks the contract.
    """
    schedule = LinearBetaSchedule() if schedule is None else schedule
    check_arguments(score)
    samples = normal(_NUM_SAMPLES, *sample_shape)
    with torch.inference_mode():
        _check_fits(score, schedule, sample_shape)
        _check_scores(score, schedule, samples)
        _check_what_the_model_sees(score, schedule, samples)
        _check_order_of_the_samples(score, schedule, samples)
        _check_each_sample_alone(score, schedule, samples)


class _Model:
    """A smooth, bounded stand-in for a network, which records its input."""

    def __init__(self) -> None:
        self.asked: list[tuple[torch.dtype, NoiseLevel]] = []

    def __call__(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        self.asked.append((x_t.dtype, level))
        return torch.tanh(x_t + expand(level.t, x_t))


def _check_fits(score: EndPointScore, schedule: NoiseSchedule, sample_shape: Sequence[int]) -> None:
    with expect_no_error(
        f"{type(score).__name__}.check: expected a score that fits samples of shape {tuple(sample_shape)}",
        "pass a `schedule` and a `sample_shape` that it fits to the check",
    ):
        score.check(schedule, sample_shape)


def _check_scores(score: EndPointScore, schedule: NoiseSchedule, samples: Tensor) -> None:
    name, given = f"{type(score).__name__}.score", samples.clone()
    scores = score.score(given, _Model(), schedule)
    expect(
        scores.shape == (len(samples),) and scores.dtype == torch.float64,
        f"{name}: expected one float64 number for each of the {len(samples)} samples, got {scores.dtype} of shape "
        f"{tuple(scores.shape)}; reduce over coordinates, never over samples",
    )
    expect(
        bool(scores.isfinite().all()),
        f"{name}: expected finite scores for finite samples, got others; mind sigma = 0 and logarithms of 0",
    )
    expect(
        torch.equal(given, samples),
        f"{name}: expected the samples to stay unchanged, got others; write into new tensors",
    )
    expect(
        torch.equal(score.score(samples, _Model(), schedule), scores),
        f"{name}: expected the same scores for the same samples, got others; use no random numbers, no state on self, "
        "or a generator with your own seed",
    )


def _check_what_the_model_sees(score: EndPointScore, schedule: NoiseSchedule, samples: Tensor) -> None:
    model = _Model()
    score.score(samples, model, schedule)
    expect(
        all(
            dtype == samples.dtype and level.gamma.shape == (1,) and level.gamma.dtype == samples.dtype
            for dtype, level in model.asked
        ),
        f"{type(score).__name__}.score: expected the model to be called in {samples.dtype} at one level of shape (1,), "
        "got others; convert the level to the samples' precision with level.to(dtype=x_0.dtype)",
    )


def _check_order_of_the_samples(score: EndPointScore, schedule: NoiseSchedule, samples: Tensor) -> None:
    scores = score.score(samples, _Model(), schedule)
    expect(
        _is_close(score.score(samples.flip(0), _Model(), schedule), scores.flip(0)),
        f"{type(score).__name__}.score: expected scores in the order of the samples, got another order, or scores that "
        "depend on their place; do not sort",
    )


def _check_each_sample_alone(score: EndPointScore, schedule: NoiseSchedule, samples: Tensor) -> None:
    contract = f"{type(score).__name__}.score: expected a sample's score to depend on that sample alone"
    remedy = "use no statistics of the block"
    expected = score.score(samples, _Model(), schedule)[0]
    for factor in (2.0, math.nan):
        others = torch.cat([samples[:1], factor * samples[1:]])
        with expect_no_error(contract, remedy):
            actual = score.score(others, _Model(), schedule)[0]
        expect(
            _is_close(actual, expected),
            f"{contract}, got another when the others were {'nan' if math.isnan(factor) else 'changed'}; {remedy}",
        )


def _is_close(actual: Tensor, expected: Tensor) -> bool:
    return torch.allclose(actual, expected, rtol=1e-4, atol=1e-6)
