import re
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_modeinterp.datamodules import ModeInterpDataModule
from lightning_modeinterp.denoisers import Denoiser, ExactMixture
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, NoiseSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler, Sampler
from lightning_modeinterp.diffusion.trajectories import TrajectoryObserver
from lightning_modeinterp.distributions import GaussianMixture
from lightning_modeinterp.metrics import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch, NoiseLevel
from lightning_modeinterp.support import SupportOracle

ROOT = Path(__file__).parents[2]
EXTENDING, README = ROOT / "docs" / "extending.md", ROOT / "README.md"
MAX_LINES = 25
BLOCK_SIZE = 8


def blocks_of(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def classes_of(block: str) -> list[type]:
    namespace: dict[str, Any] = {"__name__": "snippet"}
    exec(block, namespace)
    return [each for each in namespace.values() if isinstance(each, type) and each.__module__ == "snippet"]


def sample(sampler: Sampler, observers: dict[str, TrajectoryObserver]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    exact = ExactMixture((1,), [-1.0, 1.0], std=0.05)
    schedule = LinearBetaSchedule(num_steps=20, beta_start=0.001, beta_end=0.7)
    return sampler.sample(exact, schedule, lambda: torch.randn(BLOCK_SIZE, 1), observers)


def check_schedule(cls: type[NoiseSchedule]) -> None:
    assert cls().grid().gamma.diff().min() >= 0


def check_denoiser(cls: type[Denoiser]) -> None:
    denoiser, x_t = cls(sample_shape=(2,)), torch.randn(BLOCK_SIZE, 2)
    for size in (1, BLOCK_SIZE):
        level = NoiseLevel(torch.rand(size), torch.randn(size))
        assert denoiser(x_t, level).shape == x_t.shape


def check_sampler(cls: type[Sampler]) -> None:
    samples, _ = sample(cls(), {})
    assert ((samples.abs() - 1).abs() < 0.5).all()  # the exact score ends at the modes -1 and 1


def check_observer(cls: type[TrajectoryObserver]) -> None:
    _, results = sample(AncestralSampler(), {"observer": cls()})
    assert len(results["observer"]) == BLOCK_SIZE
    assert results["observer"].isfinite().all()


def check_oracle(cls: type[SupportOracle]) -> None:
    verdict = cls(GaussianMixture([-1.0, 1.0], std=0.05)).judge(torch.tensor([[-1.0], [0.0], [1.0]]))
    assert verdict.in_support.tolist() == [True, False, True]
    assert verdict.hallucinated.tolist() == [False, True, False]
    assert verdict.mode[[0, 2]].tolist() == [0, 1]


def check_metric(cls: type[GenerationMetric]) -> None:
    metric = cls()
    metric.update(GeneratedBatch(torch.arange(4), torch.zeros(4, 2), torch.ones(4, 1), ("last",), block_size=4))
    assert all(value.isfinite() for value in metric.compute().values())


def check_data(cls: type[ModeInterpDataModule]) -> None:
    data = cls(batch_size=100)
    batch = next(iter(data.train_dataloader()))
    assert batch.shape == (100, *data.sample_shape)
    assert torch.equal(batch, next(iter(cls(batch_size=100).train_dataloader())))
    assert data.metrics() == []


CHECKS = {
    NoiseSchedule: check_schedule,
    Denoiser: check_denoiser,
    Sampler: check_sampler,
    TrajectoryObserver: check_observer,
    SupportOracle: check_oracle,
    GenerationMetric: check_metric,
    ModeInterpDataModule: check_data,
}


@pytest.mark.parametrize("block", blocks_of(EXTENDING) + blocks_of(README))
def test_snippet_defines_a_part_that_works(block: str) -> None:
    (cls,) = classes_of(block)
    (check,) = [check for seam, check in CHECKS.items() if issubclass(cls, seam)]
    check(cls)


@pytest.mark.parametrize("block", blocks_of(EXTENDING))
def test_extending_takes_few_lines(block: str) -> None:
    assert len(block.splitlines()) <= MAX_LINES


def test_extending_has_one_snippet_for_each_seam() -> None:
    bases = [cls.__mro__ for block in blocks_of(EXTENDING) for cls in classes_of(block)]
    assert [sum(seam in mro for mro in bases) for seam in CHECKS] == [1] * len(CHECKS)


def test_readme_is_short_and_has_a_snippet() -> None:
    assert len(README.read_text().splitlines()) < 150
    assert blocks_of(README)
