"""What tests of several rooms need: W&B offline, and generated samples whose verdict and scores are made up."""

from functools import partial
from io import BytesIO

import pytest
import torch
import wandb
from matplotlib.figure import Figure
from PIL import Image
from sklearn.manifold import TSNE

from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from tests.digits import write_digits

LONG = ("integration", "docs")

LEAST_ITERATIONS = 250
"""Of a t-SNE; by itself it takes four times as many."""

KINDS = ("in_support", "ambiguous", "interpolated", "invalid")
SCORES = ("variance/last", "variance/wide")
DETAILS = ("triangles", "squares", "pentagons", "misplaced", "malformed")


def pytest_collection_modifyitems(items):
    """Folders of long files first, so that at the end no worker waits long for the other."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.fixture
def offline_wandb(monkeypatch):
    """W&B as in a new process, offline: its client keeps what an earlier test has told it."""
    wandb.teardown()
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    yield
    wandb.teardown()


@pytest.fixture
def quick_tsne(monkeypatch):
    """A t-SNE that is there to be drawn, not to be looked at."""
    monkeypatch.setattr("sklearn.manifold.TSNE", partial(TSNE, max_iter=LEAST_ITERATIONS))


@pytest.fixture(scope="module")
def quick_figures():
    """Figures that are there, not to be looked at: PNGs of one grey. To draw those of a test takes two short fits."""
    content = BytesIO()
    Image.new("RGB", (8, 6), "grey").save(content, "png")

    def save(figure, path, **options):
        path.write_bytes(content.getvalue())

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Figure, "savefig", save)
        yield


def build_generated(num_samples=400, start=0, block_size=50, seed=0, num_modes=3, judged=True):
    """Samples about integer modes; hallucinations get a larger variance, in two windows, and a larger signed score."""
    generator = torch.Generator().manual_seed(1000 * seed + start)
    kind = torch.multinomial(torch.tensor([0.8, 0.02, 0.1, 0.08]), num_samples, True, generator=generator)
    mode = torch.randint(num_modes, (num_samples,), generator=generator)
    samples = mode[:, None] + 0.1 * torch.randn(num_samples, 2, generator=generator)
    log_variance = -4 + 0.5 * torch.randn(num_samples, 2, generator=generator) + (kind >= 2)[:, None]
    numbers = torch.randint(3, (5, num_samples), generator=generator)
    details = dict(zip(DETAILS, numbers, strict=True))
    signed = torch.randn(num_samples, generator=generator) + (kind >= 2)
    return GeneratedBatch(
        index=torch.arange(start, start + num_samples),
        samples=samples,
        scores={**dict(zip(SCORES, (10**log_variance).unbind(1), strict=True)), "signed": signed},
        block_size=block_size,
        verdict=SupportVerdict(kind.to(torch.int8), mode, KINDS, details) if judged else None,
    )


@pytest.fixture
def make_generated():
    return build_generated


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """Root of MNIST's files, with 4,000 training and 1,000 test digits; tests must not write to it."""
    return write_digits(tmp_path_factory.mktemp("digits"))
