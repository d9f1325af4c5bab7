"""Every name that is logged stands in docs/tracking.md, and every name there is logged."""

import csv
import itertools
import json
import re
from dataclasses import replace
from typing import Any

import pytest
import torch

from lightning_modeinterp.callbacks.sample_figures import all_figures, progress_figures
from lightning_modeinterp.cli import run_command
from lightning_modeinterp.data import ModeInterpDataModule, Split
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.data.hands import FingerCount, HandBankDataModule
from lightning_modeinterp.data.images import rule_probe
from lightning_modeinterp.data.mnist import DigitRates, RejectedDigits, lenet
from lightning_modeinterp.generation import Generation
from lightning_modeinterp.metrics import FrechetDistance, KernelDistance, SupportRates
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from lightning_modeinterp.testing import made_up_subject
from lightning_modeinterp.trajectories import Window

from ..families import ABSENT
from ..integration.conftest import CONFIG, NETWORK, NO_FIGURES, ROOT, SMALL, UNET

PAGE = (ROOT / "docs/tracking.md").read_text()
WINDOWS = ("last_5", "last_10")
NOISES = ("1", "2", "4", "8")  # in standard deviations of a mode

of_every_family = pytest.mark.skipif(bool(ABSENT), reason=f"the page has names of {ABSENT} too")


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """Names of the scalars in CSV and of the numbers in test_metrics.json, in one and two dimensions and of images."""
    root = tmp_path_factory.mktemp("tracking")
    names, numbers = set(), set()
    without_ink = (*UNET, "--generation.end_point_scores={}", "--generation.num_samples=64")
    settings = {"gaussian_1d": NETWORK, "gaussian_2d_grid": NETWORK, "shapes_32": without_ink}
    for config in map(CONFIG.with_stem, settings):
        options = ["-c", str(config), f"--run.root={root}", *SMALL, *settings[config.stem], *NO_FIGURES]
        run_command(["fit", *options])
        run_command(["test", *options, "--ckpt_path=last"])
        folder = root / f"{config.stem}/seed_0"
        for command in ("fit", "test"):
            with (folder / f"logs/{command}/metrics.csv").open() as file:
                names |= set(csv.DictReader(file).fieldnames)
        numbers |= set(json.loads((folder / "test_metrics.json").read_text()))
    fingers, others = names_of_fingers(), names_of_digits_and_hands()
    staged = {f"{stage}/{name}" for stage in ("val", "test") for name in others}
    return names | {f"val/{name}" for name in fingers} | staged, numbers | fingers | others


def names_of_fingers() -> set[str]:
    """What is measured of models of a bank of hands, without a fit of one: it is logged as that of shapes."""
    data = HandBankDataModule(32, num_turns=2, num_shifts=1, size=8, batch_size=4)
    exact = data.exact_denoiser()
    (probe,) = data.probes()
    return set(probe.measure(replace(made_up_subject(), predict_x_0=exact, exact=exact)))


def names_of_digits_and_hands() -> set[str]:
    """What their metrics measure, without a fit of one."""
    pictures = GeneratedBatch(torch.arange(2), 255 * torch.rand(2, 1, 32, 32), {"variance/last_10": torch.rand(2)}, 2)
    features = torch.rand(2, 84)
    digits = DigitRates(("in_support", "ambiguous", "rejected"), torch.ones(10))
    distance = FrechetDistance(lenet(), features, features)
    names = set()
    for metric, oracle in (
        (digits, RejectedDigits()),
        (distance, None),
        (KernelDistance(lenet(), features, features), None),
        (SupportRates(FingerCount().kinds), FingerCount()),
    ):
        metric.update(replace(pictures, verdict=oracle and oracle.judge(pictures.samples)))
        names |= set(metric.compute())
    return names


def documented() -> set[str]:
    """Names in the first cells of the table of numbers, for both stages, every window and noise level."""
    (section,) = re.findall(r"^## Numbers\n(.*?)^## ", PAGE, flags=re.DOTALL | re.MULTILINE)
    from lightning_modeinterp.data.shapes import bottleneck  # the family may be absent

    names = set()
    for line in re.findall(r"^\| (`.*?) \|", section, flags=re.MULTILINE):
        last = ""
        for name in re.findall(r"`([^`]+)`", line):
            last, name = (last, last + name) if name.startswith("_") else (name, name)
            stages = ("val", "test") if "<stage>" in name else ("",)
            windows = WINDOWS if "<window>" in name else ("",)
            noises = NOISES if "<noise>" in name else ("",)
            measure = bottleneck if name.startswith("between/") else rule_probe
            levels = [f"{level:g}" for level in measure.NOISE_TO_SIGNAL] if "<sigma/alpha>" in name else ("",)
            spaces = ("bottleneck", "fresh", "pixels") if "<space>" in name else ("",)
            images = bottleneck.ASKED if "<images>" in name else ("",)
            names |= {
                name.replace("<stage>", stage)
                .replace("<window>", window)
                .replace("<noise>", noise)
                .replace("<sigma/alpha>", level)
                .replace("<space>", space)
                .replace("<images>", image)
                for stage, window, noise, level, space, image in itertools.product(
                    stages, windows, noises, levels, spaces, images
                )
            }
    return names


def only_in_the_file() -> set[str]:
    """What is measured of the model itself, after a test."""
    of_the_model = ("within_mode_std_", "score_slope_ratio/", "exclusion/", "sixth_finger/", "between/")
    return {name for name in documented() if name.startswith(of_the_model)}


@of_every_family
def test_names_in_the_logger(logged):
    assert logged[0] == documented() - {"trainer/global_step"} - only_in_the_file()


@of_every_family
def test_names_in_the_file(logged):
    bare = {name.removeprefix("test/") for name in documented() if name.startswith("test/")}
    variances = {name for name in bare if name.startswith("trajectory_variance/")}
    assert logged[1] == bare - variances | only_in_the_file()
    assert {"within_mode_std_exact", "within_mode_std_ratio", "score_slope_ratio/2_std_min"} <= logged[1]


def figures_of(stage: str) -> set[str]:
    """Names of figures in the first cells of the table of media."""
    cells = re.findall(rf"^\| (`{stage}/figures/.*?) \|", PAGE, flags=re.MULTILINE)
    return {name.removeprefix(f"{stage}/figures/") for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def drawn_by(recipe: Any, *arguments: Any) -> set[str]:
    return {name for name, _ in recipe(*arguments)}


def test_figures_of_samples_stand_there():
    val, test = set(), set()
    for shape in ((1,), (2,), (1, 8, 8)):
        for verdict in (None, SupportVerdict(torch.tensor([0, 2]), torch.zeros(2).long(), ("a", "b", "c"))):
            mixture = GaussianMixtureDataModule([[0.0] * shape[0], [1.0] * shape[0]], size=10, batch_size=10)
            mixture.generation = Generation(windows={"last_3": Window(last_steps=3)}, window="last_3")
            samples, scores = torch.rand(2, *shape), {"variance/last_3": torch.rand(2)}
            drawn = GeneratedBatch(torch.arange(2), samples, scores, 1, verdict)
            data = Blank(shape) if len(shape) == 3 else mixture
            data.generation = mixture.generation
            val |= drawn_by(progress_figures, drawn, data)
            test |= drawn_by(all_figures, drawn, data)
    assert figures_of("val") == val
    assert figures_of("test") == test | {"predicted_x_0", "variance_maps", "score", "bottleneck"}


class Blank(ModeInterpDataModule):
    """Images in black."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(batch_size=1)
        self.shape = shape

    @property
    def sample_shape(self) -> tuple[int, ...]:
        return self.shape

    def make_dataset(self, split: Split) -> torch.Tensor:
        return torch.zeros(4, *self.shape)


def test_names_of_media_stand_there_too():
    for name in ("<stage>/highest_variance", "<stage>/trajectory_variance/in_support", "/samples", "/hallucinated"):
        assert f"`{name}`" in PAGE


def test_a_report_shows_what_the_page_lists() -> None:
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE)  # a fence is no pair of backticks
    before, _, rest = prose.partition("## A report\n")
    report, _, after = rest.partition("\n## ")
    shown = re.findall(r"`(train|val|test)/([^`]+)`", report)
    assert len(shown) > 15
    figures = {f"{stage}/figures/{name}" for stage in ("val", "test") for name in figures_of(stage)}
    listed = figures | set(re.findall(r"`([^`]+)`", before + after))
    assert [name for stage, name in shown if not {f"{stage}/{name}", f"<stage>/{name}"} & listed] == []
