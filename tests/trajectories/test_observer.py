"""Every trajectory observer keeps the contract."""

import pytest

from lightning_modeinterp.testing import check_trajectory_observer
from lightning_modeinterp.trajectories import (
    DistanceMoved,
    PathLength,
    TrajectoryObserver,
    TrajectoryRecorder,
    TrajectoryVariance,
    VarianceMap,
    VarianceSummaries,
    Window,
    WindowSweep,
)
from tests.subclasses import concrete_subclasses

BUILDERS = {
    DistanceMoved: lambda: DistanceMoved(Window(steps=(2, 9))),
    PathLength: lambda: PathLength(Window(steps=(2, 9))),
    TrajectoryRecorder: lambda: TrajectoryRecorder(range(8)),
    TrajectoryVariance: lambda: TrajectoryVariance({"a": Window(last_steps=4), "b": Window(steps=(2, 9))}),
    VarianceMap: lambda: VarianceMap(Window(steps=(2, 9))),
    VarianceSummaries: lambda: VarianceSummaries([0.01, 0.02, 0.04, 0.1], largest=(3,)),
    WindowSweep: lambda: WindowSweep([0.01, 0.02, 0.04, 0.1]),
}


@pytest.mark.parametrize("subclass", concrete_subclasses(TrajectoryObserver))
@pytest.mark.parametrize("sample_shape", [(2,), (1, 4, 4)])
def test_contract(subclass, sample_shape, levels):
    # a KeyError here: add a line to BUILDERS for the new observer
    check_trajectory_observer(BUILDERS[subclass](), sample_shape, levels[180:], num_samples=8)
