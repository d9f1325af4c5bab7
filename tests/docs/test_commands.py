"""Every command that README and docs show is run, in order, page by page, with sizes of a test.

Of reproductions, which take long, the arguments are read.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from lightning_modeinterp.cli import main, recurse, reproduce
from lightning_modeinterp.configuration import with_shipped_paths
from tests.families import ABSENT, is_named_for
from tests.integration.conftest import UNET

from .test_snippets import ROOT, blocks_of

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL_PAGES = [*PAGES, *sorted((ROOT / "docs/results").glob("*.md"))]
COMMANDS = ("fit", "validate", "test", "predict")
OTHERS = ("export", "keep", "report", "sheet", "threshold")
"""Quick commands, which read what those before them on the page have written."""

SIZES = (
    "--generation.num_samples=16",
    "--generation.block_size=16",
    "--generation.sampler.init_args.num_steps=100",
    "--generation.monitor={num_samples: 16}",
    "--trainer.max_steps=4",
    "--trainer.val_check_interval=2",
    "--trainer.log_every_n_steps=1",
    "--trainer.enable_model_summary=false",
    "--trainer.accelerator=cpu",
)
OF_A_NETWORK = {"shapes_32.yaml": UNET}
"""What makes a network small that is not, by the config of it."""

TOUR = ["fit", "-c", "configs/experiment/gaussian_1d.yaml"]
"""Where this has been given, pages go on."""


def commands_of(page: Path, commands: Sequence[str] = COMMANDS, others: Sequence[str] = OTHERS) -> Iterator[list[str]]:
    """Arguments of each command in the page's bash blocks and in its lines that are nothing but a command.

    The others are taken from blocks alone, where what they read has been written by the lines before.
    """
    text = page.read_text()
    blocks = "\n".join(re.findall(r"^```bash\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE))
    alone = re.findall(r"^`(modeinterp [^`]*)`$", text, re.MULTILINE)
    lines = [(line, (*commands, *others)) for line in blocks.replace("\\\n", " ").splitlines()]
    for line, wanted in [*lines, *((line, commands) for line in alone)]:
        words = shlex.split(line, comments=True)
        if "modeinterp" in words and (rest := words[words.index("modeinterp") + 1 :]) and rest[0] in wanted:
            yield ["configs/experiment/gaussian_1d.yaml" if word == "C" else word for word in rest]


def without_absent(commands: Iterator[list[str]]) -> Iterator[list[str]]:
    """Leave out what needs a family that was taken away."""
    return (words for words in commands if not any(is_named_for(each, shlex.join(words)) for each in ABSENT))


def modules_of(page: Path, folder: Path) -> None:
    """Put the page's classes where its commands look for them."""
    blocks = blocks_of(page.read_text())
    (folder / "parts.py").write_text("\n\n".join(blocks))
    for block in blocks:
        for name in re.findall(r"^class (\w+)\(", block, flags=re.MULTILINE):
            (folder / f"{name.lower()}.py").write_text(block)


def files_of(page: Path, folder: Path) -> None:
    """Put the experiment that a page shows, and images, where its commands look for them."""
    images = np.random.default_rng(0).integers(256, size=(40, 1, 8, 8), dtype=np.uint8)
    np.save(folder / "images.npy", images)
    for block in re.findall(r"^```yaml\n(run: .*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE):
        (folder / "images.yaml").write_text(block.replace("[32, 64]", "[8, 16]"))


def run(command: str, *options: str) -> None:
    """Run a command with sizes of a test."""
    print("modeinterp", command, shlex.join(options))
    small = [each for config, sizes in OF_A_NETWORK.items() if config in shlex.join(options) for each in sizes]
    main([command, *options, *((*SIZES, *small) if command in COMMANDS else ())])


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of a folder where the tour has begun."""
    folder = tmp_path_factory.mktemp("tour")
    (folder / "configs").symlink_to(ROOT / "configs")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        run(*TOUR)
    return folder / "runs"


@pytest.mark.filterwarnings("error:generation.sampler")  # what the pages show is sound
@pytest.mark.usefixtures("offline_wandb", "quick_tsne", "quick_figures")
@pytest.mark.parametrize("page", [page for page in PAGES if any(commands_of(page))], ids=lambda page: page.stem)
def test_commands_run(page: Path, toured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(toured, tmp_path / "runs")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    modules_of(page, tmp_path)
    files_of(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    first, *others = without_absent(commands_of(page))
    begins_so = first == TOUR or first == ["fit", "-c", "gaussian_1d"]
    for command, *options in others if begins_so else [first, *others]:
        run(command, *options)
        assert command in OTHERS or any((tmp_path / "runs").rglob(f"config_{command}.yaml"))


RECURSIONS = {page: re.findall(r"^modeinterp (recurse .*)$", page.read_text(), re.MULTILINE) for page in ALL_PAGES}


@pytest.mark.parametrize("page", [page for page in ALL_PAGES if RECURSIONS[page]], ids=lambda page: page.stem)
def test_arguments_of_recurse_are_read(page: Path) -> None:
    for _, *options in without_absent(shlex.split(line, comments=True) for line in RECURSIONS[page]):
        assert recurse.parser().parse_args(with_shipped_paths(options)).recursion


REPRODUCING = [page for page in PAGES if any(commands_of(page, ["reproduce"], []))]


@pytest.mark.parametrize("page", REPRODUCING, ids=lambda page: page.stem)
def test_reproductions_are_asked_for_rightly(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules_of(page, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "parts", raising=False)
    for _, *options in without_absent(commands_of(page, ["reproduce"], [])):
        assert reproduce.parse(options).claims
