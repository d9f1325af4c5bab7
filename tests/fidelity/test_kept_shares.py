"""The distance of what a score keeps, on digits of which it is known how far they are."""

import json

import numpy as np
import pytest
import torch
import yaml

from lightning_modeinterp.cli import main
from lightning_modeinterp.data.mnist import lenet, read_digits, resized
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.fidelity import ImageSets, NetworkOfData, kept_shares, read_sets
from lightning_modeinterp.figures import kept_shares as drawn
from lightning_modeinterp.metrics.functional import feature_distance
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStoreWriter

NUM = 400


@pytest.fixture
def config(digits, tmp_path):
    init_args = {"root": str(digits), "size": 1000, "validation_size": 100, "test_size": NUM, "batch_size": 10}
    path = tmp_path / "data.yaml"
    path.write_text(yaml.safe_dump({"class_path": "MNISTDataModule", "init_args": init_args}))
    return path


@pytest.fixture
def store(digits, tmp_path):
    """Real digits, every second one of them noise; ``noise`` is high there, and ``nothing`` says nothing."""
    images = torch.from_numpy(resized(read_digits(digits, "train").images[2000 : 2000 + NUM], 32)).float()
    index = torch.arange(NUM)
    images[1::2] = 255 * torch.rand(NUM // 2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    scores = {"noise": (index % 2).float(), "nothing": torch.zeros(NUM)}
    writer = SampleStoreWriter(tmp_path / "store", {}, NUM, NUM)
    writer.prepare()
    writer.add(GeneratedBatch(index, images, scores, NUM))
    writer.flush()
    writer.finish()
    return tmp_path / "store"


def test_a_good_score_leaves_what_is_near(store, config):
    sets, extractor = read_sets(store, config), NetworkOfData(lenet())
    found = kept_shares(sets, extractor, {"noise": (torch.arange(NUM) % 2).float(), "nothing": torch.zeros(NUM)})
    half = found.shares.index(0.5)
    network, size = lenet(), NUM // 2
    left = network(sets.samples[::2].float())
    assert found.by_score["noise"][half] == pytest.approx(
        feature_distance(left, network(sets.reference[:size].float())), rel=1e-4
    )
    assert found.by_score["noise"][half] < 0.2 * min(found.by_chance[half])
    assert found.by_score["nothing"][half] > 0.5 * min(found.by_chance[half])
    assert found.by_score["noise"][0] == pytest.approx(found.by_score["nothing"][0])  # all of them
    few = ImageSets(sets.samples[:2], sets.reference[:2], sets.others[:2])
    with pytest.raises(ConfigurationError, match="at least 3 images for --by"):
        kept_shares(few, extractor, {"nothing": torch.zeros(2)})
    with pytest.raises(ConfigurationError, match="another for few"):
        kept_shares(sets, extractor, {"few": torch.zeros(3)})


def test_the_command_says_it_and_draws_it(store, config, tmp_path, capsys):
    asked = ["--kid-subset-size", "100", "--replicates", "0", "--out", str(tmp_path / "out"), "--by", "noise"]
    main(["fidelity", str(store), "--reference", str(config), *asked])
    kept = json.loads((tmp_path / "out/fidelity.json").read_text())["by_share"]
    assert kept["by_score"]["noise"][0] > kept["by_score"]["noise"][-1]
    assert (tmp_path / "out/kept_shares.png").is_file()
    np.save(tmp_path / "array.npy", np.zeros((NUM, 1, 32, 32), dtype=np.uint8))
    for source, by, message in (
        (store, "noize", "got noize"),
        (tmp_path / "array.npy", "noise", "expected a sample store, which holds scores, for --by"),
    ):
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main(["fidelity", str(source), "--reference", str(config), "--by", by, *asked[:-2]])
        assert message in capsys.readouterr().err


def test_the_figure_has_a_line_for_each_score_and_a_band():
    figure = drawn([1.0, 0.5], {"ink": [3.0, 2.0]}, [[3.0, 3.0], [3.5, 4.0]], [1.0, 1.2], "fid_lenet")
    (axes,) = figure.axes
    assert {line.get_label(): list(line.get_ydata()) for line in axes.lines} == {
        "lowest ink": [3.0, 2.0],
        "other data": [1.0, 1.2],
    }
    with pytest.raises(ConfigurationError, match="expected one distance for each"):
        drawn([1.0], {"ink": [3.0, 2.0]}, [[3.0]], [1.0], "fid_lenet")
