"""The contract of a trajectory observer; a plug-in author calls `check_observer` on theirs."""

import copy
import inspect

import pytest
import torch

from lightning_modeinterp.diffusion.trajectories import (
    TrajectoryObserver,
    TrajectoryRecorder,
    TrajectoryVariance,
    Window,
)
from lightning_modeinterp.records import SamplingStep

BUILDERS = {
    TrajectoryRecorder: lambda: TrajectoryRecorder(range(8)),
    TrajectoryVariance: lambda: TrajectoryVariance({"a": Window(last_steps=4), "b": Window(steps=(2, 9))}),
}


def concrete_subclasses(base):
    below = [c for child in base.__subclasses__() for c in (child, *concrete_subclasses(child))]
    return [c for c in below if not inspect.isabstract(c) and c.__module__.startswith("lightning_modeinterp")]


def check_observer(observer, x_0_hats, levels):
    """One row a sample, nothing kept between blocks, and a state that can be gone on from twice."""
    observer.check(levels)
    kept = copy.deepcopy(vars(observer))
    num_steps = len(levels)
    steps = [
        SamplingStep(num_steps - 1 - i, levels[i : i + 1], x_0_hat.clone(), x_0_hat)
        for i, x_0_hat in enumerate(x_0_hats)
    ]

    def go_on(state, some_steps):
        for step in some_steps:
            state = observer.update(state, step)
        return state

    middle = go_on(observer.init(x_0_hats[0], levels), steps[: num_steps // 2])
    first = observer.result(go_on(middle, steps[num_steps // 2 :]))
    assert len(first) == x_0_hats.shape[1]
    assert torch.equal(first, observer.result(go_on(middle, steps[num_steps // 2 :])))
    assert vars(observer) == kept


@pytest.mark.parametrize("subclass", concrete_subclasses(TrajectoryObserver))
@pytest.mark.parametrize("shape", [(2,), (1, 4, 4)])
def test_contract(subclass, shape, levels, make_trajectory):
    observer = BUILDERS[subclass]()  # a KeyError here: add a line to BUILDERS for the new observer
    check_observer(observer, make_trajectory(20, shape, num_samples=8), levels[180:])
