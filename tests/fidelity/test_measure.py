import json

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from lightning_modeinterp.cli import main
from lightning_modeinterp.data.mnist import lenet, read_digits, resized
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.fidelity import Inception, NetworkOfData, fidelity, network_of, read_sets, sizes_curve
from lightning_modeinterp.fidelity.sources import load_data, read_images
from lightning_modeinterp.metrics import FrechetDistance
from lightning_modeinterp.metrics.functional import feature_distance
from lightning_modeinterp.records import GeneratedBatch


@pytest.fixture
def config(digits, tmp_path):
    init_args = {"root": str(digits), "size": 1000, "validation_size": 100, "test_size": 400, "batch_size": 10}
    path = tmp_path / "data.yaml"
    path.write_text(yaml.safe_dump({"class_path": "MNISTDataModule", "init_args": init_args}))
    return path


@pytest.fixture
def blurred(digits, tmp_path):
    """400 digits that no model drew: real ones, blurred."""
    images = torch.from_numpy(resized(read_digits(digits, "train").images[2000:2400], 32)).float()
    path = tmp_path / "blurred.npy"
    np.save(path, torch.nn.functional.avg_pool2d(images, 3, 1, 1).round().byte().numpy())
    return path


def test_torch_fidelity_and_our_metric_agree(config, blurred):
    sets = read_sets(blurred, config)
    numbers = fidelity(sets, NetworkOfData(lenet()), kid_subset_size=100, num_replicates=50)
    network = lenet()
    metric = FrechetDistance(network, network(sets.reference.float()), network(sets.others.float()))
    index = torch.arange(400)
    metric.update(GeneratedBatch(index, sets.samples.float(), {}, 400))
    values = metric.compute()
    assert numbers["fid_lenet"] == pytest.approx(values["fid_lenet"].item(), rel=1e-5)
    assert numbers["fid_lenet_floor"] == pytest.approx(values["fid_lenet_floor"].item(), rel=1e-5)
    assert numbers["num_samples"] == values["fid_lenet_num_samples"] == 400
    assert numbers["fid_lenet_low"] < numbers["fid_lenet"] < numbers["fid_lenet_high"]


def test_the_metric_of_the_data_module_has_the_same_references(config, blurred):
    sets, data = read_sets(blurred, config), load_data(config)
    for metric in data.metrics():
        assert torch.allclose(metric.reference, lenet()(sets.reference.float()), atol=1e-4)
        assert torch.allclose(metric.others, lenet()(sets.others.float()), atol=1e-4)


def test_a_network_that_does_not_classify_has_no_inception_score(config, blurred):
    class Means(torch.nn.Module):
        name = "means"

        def forward(self, images):
            return torch.nn.functional.avg_pool2d(images, 8).flatten(1)

    numbers = fidelity(read_sets(blurred, config), NetworkOfData(Means()), kid_subset_size=100, num_replicates=0)
    assert {name for name in numbers if name.endswith("_means")} == {
        f"{name}_means" for name in ("fid", "kid", "kid_std", "precision", "recall")
    }


def test_the_network_is_that_of_the_reference(config):
    assert network_of(config).name == "lenet"


def test_worse_samples_have_worse_numbers(config, blurred):
    numbers = fidelity(read_sets(blurred, config), NetworkOfData(lenet()), kid_subset_size=100, num_replicates=0)
    assert numbers["fid_lenet"] > 1.5 * numbers["fid_lenet_floor"]
    assert numbers["kid_lenet"] > numbers["kid_lenet_floor"]
    assert numbers["precision_lenet_floor"] > 0.5
    assert numbers["recall_lenet"] <= numbers["recall_lenet_floor"]
    assert "fid" not in numbers


def test_the_floor_falls_with_the_size(config, blurred):
    curve = sizes_curve(read_sets(blurred, config), NetworkOfData(lenet()))
    assert list(curve.sizes) == [100, 200, 400]
    assert list(curve.floor) == sorted(curve.floor, reverse=True)
    sets = read_sets(blurred, config, num_samples=100)
    first, second = (NetworkOfData(lenet()).features(images) for images in (sets.samples, sets.reference))
    assert curve.samples[0] == pytest.approx(feature_distance(first, second))


def test_sources_hold_the_same_images(digits, tmp_path):
    images = resized(read_digits(digits, "test").images[:30], 28)
    (tmp_path / "folder").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image[0]).save(tmp_path / f"folder/{number:02d}.png")
    np.save(tmp_path / "a.npy", images)
    np.savez(tmp_path / "a.npz", arr_0=images.transpose(0, 2, 3, 1))
    for name in ("folder", "a.npy", "a.npz"):
        assert np.array_equal(read_images(tmp_path / name).numpy(), images)


def test_another_source_than_a_config_is_cut_in_halves(blurred):
    sets = read_sets(blurred, blurred)
    assert len(sets.samples) == len(sets.reference) == len(sets.others) == 200
    both = torch.cat([sets.reference, sets.others]).flatten(1)
    assert len(both.unique(dim=0)) == 400


def test_the_command(config, blurred, tmp_path, capsys):
    options = ["--kid-subset-size", "100", "--replicates", "20", "--out", str(tmp_path / "out")]
    main(["fidelity", str(blurred), "--reference", str(config), *options])
    printed = capsys.readouterr().out
    assert "fid_lenet" in printed
    assert "other data:" in printed
    numbers = json.loads((tmp_path / "out/fidelity.json").read_text())
    assert numbers["num_samples"] == 400
    assert len(numbers["by_size"]["sizes"]) == 3
    assert (tmp_path / "out/sample_sizes.png").is_file()


def refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["fidelity", *map(str, arguments)])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_wrong_input_is_one_line(config, blurred, tmp_path, capsys):
    rgb, small = tmp_path / "rgb.npy", tmp_path / "small.npy"
    np.save(rgb, np.zeros((200, 3, 32, 32), dtype=np.uint8))
    np.save(small, np.zeros((200, 1, 16, 16), dtype=np.uint8))
    np.save(tmp_path / "floats.npy", np.zeros((200, 1, 16, 16)))
    (tmp_path / "empty").mkdir()
    without_network = tmp_path / "array.yaml"
    array = {"class_path": "ArrayDataModule", "init_args": {"path": str(blurred), "batch_size": 10}}
    without_network.write_text(yaml.safe_dump(array))
    for arguments, message in (
        ((blurred, "--reference", config), "at least the 1000 images of a subset of KID on each side, got 400"),
        ((blurred, "--reference", config, "--num", 401), "expected --num from 2 to 400, got 401"),
        ((small, "--reference", config), "shape (1, 16, 16), got (1, 32, 32)"),
        ((rgb, "--reference", config), "shape (3, 32, 32), got (1, 32, 32)"),
        ((rgb, "--reference", rgb, "--kid-subset-size", 10), "give the weights of Inception with --inception"),
        ((blurred, "--reference", without_network), "expected --reference as a config of data with a feature network"),
        ((tmp_path / "nowhere", "--reference", config), "found no"),
        ((tmp_path / "empty", "--reference", config), "found none among 0 files"),
        ((tmp_path / "floats.npy", "--reference", config), "expected bytes"),
        ((blurred, "--reference", tmp_path / "no.yaml"), "expected a data config, found none"),
        ((blurred, "--reference", config, "--inception", "no.pth"), "expected the weights of Inception at no.pth"),
        ((blurred,), "required: --reference"),
    ):
        assert message in refused(arguments, capsys), arguments


def test_a_config_that_names_no_data(tmp_path, blurred, capsys):
    (tmp_path / "bad.yaml").write_text("class_path: NoSuchData\n")
    assert "expected a data config such as" in refused((blurred, "--reference", tmp_path / "bad.yaml"), capsys)


def test_weights_that_are_none(tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"no weights")
    with pytest.raises(ConfigurationError, match="got another file"):
        Inception(tmp_path / "weights.pth")


def test_images_of_two_sizes_in_a_folder(tmp_path):
    for name, size in (("a.png", 16), ("b.png", 32)):
        Image.new("L", (size, size)).save(tmp_path / name)
    with pytest.raises(ConfigurationError, match=r"images of one size in .*, got 16 x 16 and 32 x 32 \(b.png\)"):
        read_images(tmp_path)
