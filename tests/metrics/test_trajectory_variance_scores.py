import pytest
import torch

from lightning_modeinterp import watch
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import TrajectoryVarianceScores
from lightning_modeinterp.trajectories import Window

LEVELS = [8.0, 2.0, 0.9, 0.5, 0.2]
WINDOWS = {"late": (0.1, 1.0), "last": Window(last_steps=4)}


def x_0_hats(seed, num_samples=6):
    return torch.randn(5, num_samples, 3, generator=torch.Generator().manual_seed(seed))


def test_every_sample_of_every_batch_has_its_variance():
    metric, batches = TrajectoryVarianceScores(WINDOWS), [x_0_hats(0), x_0_hats(1, num_samples=2)]
    for each in batches:
        metric.update(each, LEVELS)
    for name, num_last in (("late", 3), ("last", 4)):
        expected = [each[-num_last:].double().var(dim=0, correction=0).mean(1) for each in batches]
        torch.testing.assert_close(metric.compute()[f"variance/{name}"], torch.cat(expected))
    metric.reset()
    assert [values.shape for values in metric.compute().values()] == [(0,), (0,)]


def test_it_is_what_a_watch_sees():
    metric = TrajectoryVarianceScores({"late": (0.1, 1.0)})
    metric.update(x_0_hats(0), LEVELS)
    with watch(windows={"late": (0.1, 1.0)}) as seen:
        for x_0_hat, noise in zip(x_0_hats(0), LEVELS, strict=True):
            seen.see(x_0_hat, noise)
    assert torch.equal(metric.compute()["variance/late"], seen.scores["variance/late"])


def test_refuses():
    with pytest.raises(ConfigurationError, match="windows: expected at least one"):
        TrajectoryVarianceScores({})
    with pytest.raises(ConfigurationError, match="window late: expected a lowest and a higher"):
        TrajectoryVarianceScores({"late": (1.0, 0.5)})
    with pytest.raises(ConfigurationError, match="expected noise_to_signal of each step, got none"):
        TrajectoryVarianceScores(WINDOWS).update(x_0_hats(0))
