"""The contract test of trajectory observers."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.draws import normal
from lightning_modeinterp.testing.expect import expect, expect_no_error
from lightning_modeinterp.trajectories import TrajectoryObserver


def check_trajectory_observer(
    observer: TrajectoryObserver[Any],
    sample_shape: Sequence[int] = (2,),
    levels: NoiseLevel | None = None,
    num_samples: int = 8,
) -> None:
    """Check that a trajectory observer keeps the contract of its interface, on toy trajectories.

    The result has one row per sample (one number, if the observer is a score), in sample order, and each row depends on
    its own trajectory alone, even beside one of nan. Everything is in the state, so blocks can be observed one after
    the other or at the same time; a state can be updated twice; and the steps are not changed.

    Args:
        observer: Any observer; one that picks samples has to pick all of them.
        sample_shape: Shape of one sample.
        levels: The S levels of a sampler that the observer fits, noisiest first. 50 levels of the usual schedule if
            None.
        num_samples: Samples in a block.

    Raises:
        AssertionError: If it breaks the contract.
    """
    check_arguments(observer)
    levels = AncestralSampler(50).levels(LinearBetaSchedule()) if levels is None else levels
    block = 3 + normal(len(levels), num_samples, *sample_shape)
    with torch.inference_mode():
        _check_fits(observer, levels, sample_shape)
        _check_result(observer, block, levels)
        _check_order_of_the_samples(observer, block, levels)
        _check_each_trajectory_alone(observer, block, levels)
        _check_blocks_at_the_same_time(observer, block, levels)
        _check_state_is_left_as_it_was(observer, block, levels)


def _check_fits(observer: TrajectoryObserver[Any], levels: NoiseLevel, sample_shape: Sequence[int]) -> None:
    with expect_no_error(
        f"{type(observer).__name__}.check: expected an observer that fits {len(levels)} levels and samples of shape "
        f"{tuple(sample_shape)}",
        "pass `levels` and a `sample_shape` that it fits to the check",
    ):
        observer.check(levels, sample_shape)


def _check_result(observer: TrajectoryObserver[Any], block: Tensor, levels: NoiseLevel) -> None:
    name, steps = type(observer).__name__, _steps(block.clone(), levels)
    result = _observe(observer, steps, levels)
    num_rows = len(result) if result.ndim else 0
    expect(
        num_rows == block.shape[1],
        f"{name}.result: expected one row for each of the {block.shape[1]} samples, got {num_rows}; reduce over steps "
        "and coordinates, never over samples",
    )
    expect(
        result.ndim == 1 or not observer.is_score,
        f"{name}.result: expected one number per sample from an observer that is a score, got shape "
        f"{tuple(result.shape)}; reduce over coordinates, or set is_score to false",
    )
    expect(
        bool(result.isfinite().all()),
        f"{name}.result: expected finite numbers for finite trajectories, got others; check for division by 0",
    )
    is_kept = all(torch.equal(s.x_0_hat, x) and torch.equal(s.x_t, -x) for s, x in zip(steps, block, strict=True))
    expect(
        is_kept,
        f"{name}.update: expected the step to stay unchanged, got another; the sampler still uses it, so write into "
        "new tensors",
    )


def _check_order_of_the_samples(observer: TrajectoryObserver[Any], block: Tensor, levels: NoiseLevel) -> None:
    result = _observe(observer, _steps(block, levels), levels)
    expect(
        torch.allclose(_observe(observer, _steps(block.flip(1), levels), levels), result.flip(0)),
        f"{type(observer).__name__}.result: expected rows in the order of the samples, got another order, or rows that "
        "depend on their place; do not sort",
    )


def _check_each_trajectory_alone(observer: TrajectoryObserver[Any], block: Tensor, levels: NoiseLevel) -> None:
    contract = f"{type(observer).__name__}: expected a trajectory's row to depend on that trajectory alone"
    remedy = "reduce over steps and coordinates, never over samples"
    result = _observe(observer, _steps(block, levels), levels)
    for factor in (2.0, math.nan):
        others = torch.cat([block[:, :1], factor * block[:, 1:]], dim=1)
        with expect_no_error(contract, remedy):
            row = _observe(observer, _steps(others, levels), levels)[0]
        expect(
            torch.allclose(row, result[0]),
            f"{contract}, got another when the others were {'nan' if math.isnan(factor) else 'changed'}; {remedy}",
        )


def _check_blocks_at_the_same_time(observer: TrajectoryObserver[Any], block: Tensor, levels: NoiseLevel) -> None:
    blocks = [_steps(values, levels) for values in (block, block.flip(0))]
    alone = [_observe(observer, steps, levels) for steps in blocks]
    states = [observer.init(steps[0].x_t, levels) for steps in blocks]
    for pair in zip(*blocks, strict=True):
        states = [observer.update(state, step) for state, step in zip(states, pair, strict=True)]
    expect(
        all(torch.equal(observer.result(state), result) for state, result in zip(states, alone, strict=True)),
        f"{type(observer).__name__}: expected to keep nothing outside the state, got another result for two blocks "
        "at the same time than for one after the other; keep everything in the state, and set nothing on self",
    )


def _check_state_is_left_as_it_was(observer: TrajectoryObserver[Any], block: Tensor, levels: NoiseLevel) -> None:
    steps, half = _steps(block, levels), len(levels) // 2
    state = _go_on(observer, observer.init(steps[0].x_t, levels), steps[:half])
    first = observer.result(_go_on(observer, state, steps[half:])).clone()
    expect(
        torch.equal(observer.result(_go_on(observer, state, steps[half:])), first),
        f"{type(observer).__name__}.update: expected the given state to stay unchanged, got another result "
        "when it was updated again; return a new state, and write into no tensor or list of the old one",
    )


def _steps(block: Tensor, levels: NoiseLevel) -> list[SamplingStep]:
    return [
        SamplingStep(len(levels) - 1 - i, levels[i : i + 1].to(dtype=torch.float32), -x_0_hat, x_0_hat)
        for i, x_0_hat in enumerate(block)
    ]


def _go_on(observer: TrajectoryObserver[Any], state: Any, steps: list[SamplingStep]) -> Any:
    for step in steps:
        state = observer.update(state, step)
    return state


def _observe(observer: TrajectoryObserver[Any], steps: list[SamplingStep], levels: NoiseLevel) -> Tensor:
    return observer.result(_go_on(observer, observer.init(steps[0].x_t, levels), steps))
