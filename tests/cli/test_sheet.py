import json

import pytest
import torch
from PIL import Image

from lightning_modeinterp.cli import sheet
from lightning_modeinterp.data.hands import Hands
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from lightning_modeinterp.sample_store import SampleStoreWriter
from lightning_modeinterp.sheets import NUMBERS, image_key


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "photos"
    place.mkdir()
    for number, image in enumerate(Hands(32).sample(3, torch.Generator().manual_seed(0)).images):
        Image.fromarray(image[0].numpy()).save(place / f"{number}.png")
    return place


def test_a_page_of_a_folder(folder, capsys):
    sheet.main([str(folder), "--num=2", "--image-size=32", "--colours=grey"])
    out = folder.with_name("photos_sheet.html")
    assert str(out) in capsys.readouterr().out
    page = out.read_text()
    assert page.count("<figure") == 2
    first = Hands(32).sample(3, torch.Generator().manual_seed(0)).images[0].numpy()
    assert f'data-name="0.png" data-key="{image_key(first)}"' in page


@pytest.mark.parametrize(
    ("details", "labels"),
    [
        ({}, {"i": "in_support", "a": "ambiguous", "b": "blurred"}),
        ({"num_squares": torch.tensor([1, 2])}, NUMBERS),
        ({"certainty": torch.tensor([0.5, 0.9])}, {"i": "in_support", "a": "ambiguous", "b": "blurred"}),
    ],
)
def test_a_store_has_the_labels_that_its_verdict_asks_for(tmp_path, details, labels):
    verdict = SupportVerdict(
        torch.tensor([0, 2], dtype=torch.int8), torch.zeros(2).long(), ("in_support", "ambiguous", "blurred"), details
    )
    writer = SampleStoreWriter(tmp_path / "store", {"seed": 0}, 2, 2)
    writer.prepare()
    writer.add(GeneratedBatch(torch.arange(2), torch.zeros(2, 1, 8, 8), {}, 2, verdict))
    writer.flush()
    writer.finish()
    sheet.main([str(tmp_path / "store")])
    page = (tmp_path / "store_sheet.html").read_text()
    assert f"const labels = {json.dumps(labels)}" in page


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--num=0"], "--num of at least 1"),
        (["--labels=good"], "KEY=LABEL by commas"),
        (["--labels=ab=c"], "KEY=LABEL"),
    ],
)
def test_refuses(folder, options, message):
    with pytest.raises(ConfigurationError, match=message):
        sheet.main([str(folder), *options])


def test_an_empty_folder(tmp_path):
    with pytest.raises(ConfigurationError, match="found none among 0 files"):
        sheet.main([str(tmp_path)])
