import re
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_modeinterp import testing
from lightning_modeinterp.data import ModeInterpDataModule, Probe
from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixture
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.detectors import EndPointScore
from lightning_modeinterp.diffusion.decoders import Decoder
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, NoiseSchedule
from lightning_modeinterp.diffusion.samplers import Sampler
from lightning_modeinterp.filters import Filter
from lightning_modeinterp.metrics import GenerationMetric
from lightning_modeinterp.reproduction import Claim
from lightning_modeinterp.support_oracle import SupportOracle
from lightning_modeinterp.trajectories import TrajectoryObserver

ROOT = Path(__file__).parents[2]
EXTENDING, README = ROOT / "docs" / "extending.md", ROOT / "README.md"
SEAMS = [
    NoiseSchedule,
    Denoiser,
    Sampler,
    TrajectoryObserver,
    EndPointScore,
    Decoder,
    SupportOracle,
    GenerationMetric,
    Probe,
    Filter,
    ModeInterpDataModule,
    Claim,
]
MAX_LINES = 25


def blocks_of(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def sections_of(page: Path) -> dict[str, str]:
    """Text below each heading, by the heading."""
    sections = page.read_text().split("\n## ")[1:]
    return {section.splitlines()[0]: section for section in sections}


def namespace_of(block: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "snippet"}
    exec(block, namespace)
    return namespace


def class_of(namespace: dict[str, Any]) -> type:
    (cls,) = [each for each in namespace.values() if isinstance(each, type) and each.__module__ == "snippet"]
    return cls


def what_the_oracle_is_checked_on() -> dict[str, Any]:
    mixture = GaussianMixture([-1.0, 1.0], std=0.05)
    true_samples = mixture.sample(500, torch.Generator().manual_seed(0)).float()
    return {"mixture": mixture, "true_samples": true_samples, "hallucinations": torch.tensor([[0.0], [3.0]])}


@pytest.mark.parametrize("heading", sections_of(EXTENDING))
def test_every_part_passes_the_check_that_its_section_names(heading: str) -> None:
    section = sections_of(EXTENDING)[heading]
    (block,) = blocks_of(section)
    namespace = {**namespace_of(block), **vars(testing), **what_the_oracle_is_checked_on(), "torch": torch}
    (call,) = re.findall(r"^Check it by `(check_\w+\(.*?\))`[.,]", section, flags=re.MULTILINE)
    assert class_of(namespace).__name__ in call
    eval(call, namespace)


def test_the_readme_watches_a_pipeline_as_its_page_does_and_defines_a_data_set() -> None:
    watched, data_set = blocks_of(README.read_text())
    assert watched == blocks_of((ROOT / "docs" / "any_model.md").read_text())[0]  # where it is run
    testing.check_datamodule(class_of(namespace_of(data_set)))


def test_the_sampler_ends_at_the_modes() -> None:
    (block,) = blocks_of(sections_of(EXTENDING)["A sampler"])
    exact = ExactMixture((1,), [-1.0, 1.0], std=0.05)
    schedule = LinearBetaSchedule(num_steps=20, beta_start=0.001, beta_end=0.7)
    samples, _ = class_of(namespace_of(block))().sample(exact, schedule, lambda: torch.randn(8, 1), {})
    assert ((samples.abs() - 1).abs() < 0.5).all()


@pytest.mark.parametrize("block", blocks_of(EXTENDING.read_text()))
def test_extending_takes_few_lines(block: str) -> None:
    assert len(block.splitlines()) <= MAX_LINES


def test_extending_has_one_snippet_for_each_seam() -> None:
    bases = [class_of(namespace_of(block)).__mro__ for block in blocks_of(EXTENDING.read_text())]
    assert [sum(seam in mro for mro in bases) for seam in SEAMS] == [1] * len(SEAMS)


def test_readme_is_short_and_has_a_snippet() -> None:
    assert len(README.read_text().splitlines()) < 150
    assert blocks_of(README.read_text())
