"""Every trajectory observer keeps the contract."""

import pytest

from lightning_modeinterp.diffusion.trajectories import (
    TrajectoryObserver,
    TrajectoryRecorder,
    TrajectoryVariance,
    Window,
)
from lightning_modeinterp.testing import check_trajectory_observer, concrete_subclasses

BUILDERS = {
    TrajectoryRecorder: lambda: TrajectoryRecorder(range(8)),
    TrajectoryVariance: lambda: TrajectoryVariance({"a": Window(last_steps=4), "b": Window(steps=(2, 9))}),
}


@pytest.mark.parametrize("subclass", concrete_subclasses(TrajectoryObserver))
@pytest.mark.parametrize("sample_shape", [(2,), (1, 4, 4)])
def test_contract(subclass, sample_shape, levels):
    # a KeyError here: add a line to BUILDERS for the new observer
    check_trajectory_observer(BUILDERS[subclass](), sample_shape, levels[180:], num_samples=8)
