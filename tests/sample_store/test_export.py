import numpy as np
import pytest
import torch
from PIL import Image

from lightning_modeinterp.cli import main
from lightning_modeinterp.data.images import ArrayDataModule
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from lightning_modeinterp.sample_store import SampleStore, SampleStoreWriter
from lightning_modeinterp.sample_store.export import as_pixels

KINDS = ("in_support", "ambiguous", "rejected")


@pytest.fixture
def store(tmp_path):
    """Write a store of samples in two shards; gives its path."""

    def write(samples, folder="run/predictions"):
        number = len(samples)
        writer = SampleStoreWriter(tmp_path / folder, {"seed": 0}, number, 10, shard_bytes=20 * samples[0].nbytes)
        writer.prepare()
        for start in range(0, number, 10):
            rows = torch.arange(start, min(start + 10, number))
            verdict = SupportVerdict((rows % 3 % 2 * 2).to(torch.int8), rows, KINDS, {"confidence": rows / 100})
            scores = {"variance/a": rows.float(), "ink": rows.float()}
            writer.add(GeneratedBatch(rows, samples[rows], scores, 10, verdict))
        writer.flush()
        assert writer.finish() == 0
        return tmp_path / folder

    return write


GREY = torch.rand(45, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 300 - 20
RGB = torch.rand(45, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 255


@pytest.mark.parametrize("images", [GREY, RGB], ids=["grey", "rgb"])
def test_npz(store, images, capsys):
    path = store(images)
    main(["export", str(path), "--as", "npz"])
    assert "predictions.npz" in capsys.readouterr().out
    content = np.load(path.with_name("predictions.npz"))
    assert np.array_equal(content["arr_0"], as_pixels(images))
    assert content["index"].tolist() == list(range(45))
    assert content["scores"].tolist() == ["variance/a", "ink"]
    assert content["kinds"].tolist() == list(KINDS)
    assert content["variance/a"].shape == (45,)
    assert content["ink"].tolist() == list(range(45))
    assert content["confidence"][44] == np.float32(0.44)
    data = ArrayDataModule(path.with_name("predictions.npz"), "arr_0", is_channels_last=True, batch_size=4)
    assert data.sample_shape == images.shape[1:]


def test_npz_of_vectors_keeps_numbers(store, tmp_path):
    vectors = torch.randn(45, 2)
    main(["export", str(store(vectors)), "--as", "npz", "--out", str(tmp_path / "a.npz"), "--num", "13"])
    assert np.array_equal(np.load(tmp_path / "a.npz")["arr_0"], vectors[:13].numpy())


@pytest.mark.parametrize("images", [GREY, RGB], ids=["grey", "rgb"])
def test_folder(store, images):
    path = store(images)
    main(["export", str(path), "--as", "folder", "--num", "23"])
    files = sorted(path.with_name("predictions_images").iterdir())
    assert [file.name for file in files] == [f"{number:06d}.png" for number in range(23)]
    assert np.array_equal(np.asarray(Image.open(files[22])), as_pixels(images)[22].squeeze())


def test_sheet(store):
    path = store(GREY)
    main(["export", str(path), "--as", "png", "--num", "7"])
    sheet = np.asarray(Image.open(path.with_name("predictions.png")))
    assert sheet.shape == (12, 12)
    assert np.array_equal(sheet[4:8, 8:12], as_pixels(GREY)[5, :, :, 0])
    assert sheet[8:, 4:].sum() == 0


def test_the_store_stays_as_it_was(store):
    path = store(GREY)
    main(["export", str(path), "--as", "png"])
    assert len(SampleStore.open(path)) == 45


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--as", "png", "--num", "46"], "expected --num from 1 to the 45 samples there, got 46"),
        (["--as", "png", "--num", "0"], "got 0"),
        (["--as", "png", "--out", "a.jpg"], "file name that ends in .png, got a.jpg"),
        (["--as", "npz", "--out", "a.npy"], "file name that ends in .npz"),
        (["--as", "jpg"], "invalid choice: 'jpg'"),
        ([], "the following arguments are required: --as"),
    ],
    ids=str,
)
def test_wrong_input_is_one_line(store, capsys, options, message):
    with pytest.raises(SystemExit) as ended:
        main(["export", str(store(GREY)), *options])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_no_store_and_no_images(store, capsys, tmp_path):
    for path, message in (
        (tmp_path / "nowhere", "expected a finished sample store"),
        (store(torch.randn(45, 2)), "expected images of one or three channels, got samples of shape (2,)"),
    ):
        with pytest.raises(SystemExit):
            main(["export", str(path), "--as", "folder"])
        assert message in capsys.readouterr().err


def test_a_folder_that_holds_something(store, capsys):
    path = store(GREY)
    main(["export", str(path), "--as", "folder"])
    with pytest.raises(SystemExit):
        main(["export", str(path), "--as", "folder"])
    assert "expected a new or empty folder" in capsys.readouterr().err
