"""A generation of a recursion: trained on kept samples, measured against the original data."""

import json
import shutil

import pytest
import torch
import yaml

from lightning_modeinterp.cli import run_command
from lightning_modeinterp.data import StoredSamples
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters import AllSamples
from lightning_modeinterp.filters.kept_samples import keep, kept_samples
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStore, SampleStoreWriter
from lightning_modeinterp.testing import check_datamodule

from ..integration.conftest import CONFIG, NETWORK, NO_FIGURES, SMALL

SIZES = {"size": 60, "validation_size": 30, "test_size": 12, "batch_size": 20}


def original(**settings):
    return GaussianMixtureDataModule([[1.0, 0.0], [3.0, 0.0]], scale=2.0, **{**SIZES, **settings})


@pytest.fixture
def kept(tmp_path):
    """Folders of kept samples, which lie about the modes."""
    folders = []
    for number in range(2):
        writer = SampleStoreWriter(tmp_path / f"store{number}", {}, 80, 20)
        writer.prepare()
        generator = torch.Generator().manual_seed(number)
        for start in range(0, 80, 20):
            index = torch.arange(start, start + 20)
            samples = 0.05 * torch.randn(20, 2, generator=generator)
            samples[:, 0] += 1 + 2 * (index % 2)
            writer.add(GeneratedBatch(index, samples, {}, 20))
        writer.flush()
        writer.finish()
        keep([SampleStore.open(writer.path)], AllSamples(num=60), tmp_path / f"kept{number}", {})
        folders.append(str(tmp_path / f"kept{number}"))
    return folders


def test_contract(kept):
    check_datamodule(lambda seed: StoredSamples(original(), kept, batch_size=20, seed=seed), is_recorded=True)


def test_training_data_are_the_kept_samples_in_model_units_behind_real_ones(kept):
    data = StoredSamples(original(), kept, num_real=30, batch_size=20)
    rows = data.make_dataset("train")[torch.arange(150)]
    assert torch.equal(rows[:30], original().make_dataset("train")[torch.arange(30)])
    assert torch.equal(rows[30:], torch.cat([kept_samples(folder) for folder in kept]) / 2)


def test_all_else_is_that_of_the_original_data(kept):
    data = StoredSamples(original(), kept, batch_size=20)
    for split in ("validation", "test"):
        every = torch.arange(12)
        assert torch.equal(data.make_dataset(split)[every], original().make_dataset(split)[every])
    assert data.value_range() == original().value_range()
    assert [type(metric) for metric in data.metrics()] == [type(metric) for metric in original().metrics()]
    assert data.support is data.original.support


def test_images_may_be_rounded_as_a_file_would(kept):
    data = StoredSamples(original(), kept, rounded=True, batch_size=20)
    values = data.to_data_units(data.make_dataset("train")[torch.arange(120)])
    assert set(values.flatten().tolist()) <= {0.0, 1.0, 3.0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_real": 61}, "at most the 60 training samples of the original data, got 61"),
        ({"batch_size": 121}, "expected 1 to the 120 training samples, got 121"),
        ({"content": "other"}, "expected the kept samples other, got"),
        ({"original": GaussianMixtureDataModule([1.0, 2.0], **SIZES)}, r"expected samples of shape \(1,\), got \(2,\)"),
    ],
)
def test_what_does_not_fit_is_refused(kept, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        StoredSamples(**{"original": original(), "folders": kept, "batch_size": 20, **settings})


def test_a_generation_on_the_command_line(tmp_path):
    """fit, predict, keep, fit: as a recursion does it, each step typed; the second fit goes on where its data moved."""
    first = ["-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL, *NETWORK, *NO_FIGURES]
    run_command(["fit", *first])
    run_command(["predict", *first, "--ckpt_path=last"])
    run = tmp_path / "gaussian_1d/seed_0"
    keep([SampleStore.open(run / "predictions")], AllSamples(num=90), tmp_path / "kept", {})
    began = yaml.safe_load((run / "config_fit.yaml").read_text())["data"]
    config = tmp_path / "next.yaml"
    arguments = {"original": began, "folders": [str(tmp_path / "kept")], "batch_size": 30}
    config.write_text(yaml.safe_dump({"class_path": "StoredSamples", "init_args": arguments}))
    own = [each for each in SMALL if not each.startswith("--data.")]
    options = [
        "-c",
        str(CONFIG),
        f"--data={config}",
        f"--run.root={tmp_path}",
        "--run.name=next",
        *own,
        *NETWORK,
        *NO_FIGURES,
    ]
    run_command(["fit", *options])
    saved = yaml.safe_load((tmp_path / "gaussian_1d/next/config_fit.yaml").read_text())["data"]["init_args"]
    assert len(saved["content"]) == 64
    run_command(["test", *options, "--ckpt_path=last"])
    metrics = json.loads((tmp_path / "gaussian_1d/next/test_metrics.json").read_text())
    assert metrics["num_drawn"] == 100

    shutil.move(tmp_path / "kept", tmp_path / "moved")
    moved = [*options, f"--data.init_args.folders=[{tmp_path / 'moved'}]", "--ckpt_path=last", "--trainer.max_steps=15"]
    run_command(["fit", *moved])
    keep([SampleStore.open(run / "predictions")], AllSamples(num=80), tmp_path / "kept", {})
    with pytest.raises(ConfigurationError, match=r"data\.init_args\.content: expected"):
        run_command(["fit", *options, "--ckpt_path=last", "--trainer.max_steps=18"])
