import html
import json
import re

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
        (
            {"num_squares": torch.tensor([1, 2]), "num_stars": torch.tensor([1, 0])},
            {"i": "in_support", "a": "ambiguous", "b": "blurred"},
        ),
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
        (["--labels=good"], "KEY=LABEL separated by commas"),
        (["--labels=ab=c"], "KEY=LABEL"),
        (["--by=ink"], "expected --scores with a CSV file that has ink, got none"),
        (["--scores=nowhere.csv"], "scores: expected a CSV file, found none at nowhere.csv"),
        (["--end=middle"], "invalid choice: 'middle'"),
    ],
)
def test_refuses(folder, options, message):
    with pytest.raises(ConfigurationError, match=message):
        sheet.main([str(folder), *options])


def test_an_empty_folder(tmp_path):
    with pytest.raises(ConfigurationError, match="found none among 0 files"):
        sheet.main([str(tmp_path)])


def write_store(path, number=30, judged=False):
    """A store of images whose score is their number, but for two that diverged."""
    index = torch.arange(number)
    samples = index.float().view(-1, 1, 1, 1).expand(-1, 1, 4, 4).clone()
    samples[3] = samples[7] = torch.inf
    scores = {"variance/w": index.float(), "ink": (index * 7 % 13).float()}
    writer = SampleStoreWriter(path, {"seed": 0}, number, 10, shard_bytes=10 * 64)
    writer.prepare()
    for start in range(0, number, 10):
        rows = slice(start, start + 10)
        writer.add(GeneratedBatch(index[rows], samples[rows], {n: s[rows] for n, s in scores.items()}, 10))
    writer.flush()
    assert writer.finish() == 0
    return path


def page_of(args, path):
    sheet.main([str(path), *args])
    return path.with_name(f"{path.name}_sheet.html").read_text()


def names_on(page):
    return re.findall(r'<figure data-name="([^"]*)"', page)


@pytest.mark.parametrize(
    ("end", "names", "said"),
    [
        ("both", [0, 1, 27, 28, 29], "the 3 highest and the 2 lowest"),
        ("highest", [25, 26, 27, 28, 29], "the 5 highest"),
        ("lowest", [0, 1, 2, 4, 5], "the 5 lowest"),
    ],
)
def test_of_a_large_store_the_ends_of_a_score(tmp_path, end, names, said):
    page = page_of(["--num=5", "--by=variance/w", f"--end={end}"], write_store(tmp_path / "store"))
    assert names_on(page) == list(map(str, names))
    assert f"of 28 {said}, by variance/w; 2 diverged and are left out" in page
    assert '<option value="-variance/w" selected>variance/w, highest first</option>' in page


def test_of_a_store_that_fits_all_are_there_with_their_scores(tmp_path):
    page = page_of(["--by=ink"], write_store(tmp_path / "store"))
    assert len(names_on(page)) == 28
    assert "all 28, by ink; 2 diverged" in page
    scores = [json.loads(html.unescape(each)) for each in re.findall(r'data-scores="([^"]*)"', page)]
    assert scores[2] == {"variance/w": 2.0, "ink": 1.0}


def test_unsorted_the_first_as_they_come(tmp_path):
    page = page_of(["--num=4"], write_store(tmp_path / "store"))
    assert names_on(page) == ["0", "1", "2", "3"]
    assert "the first 4 of 30" in page
    assert "selected" not in page


@pytest.fixture
def numbered(tmp_path):
    """A folder of images named by their numbers."""
    place = tmp_path / "images"
    place.mkdir()
    for number in range(12):
        Image.new("L", (4, 4), number).save(place / f"{number:02d}.png")
    return place


@pytest.mark.parametrize(
    "rows",
    [
        [("index", "variance/late", "move"), *((i, (i * 5) % 12, i) for i in range(12))],
        [("file", "prompt", "variance/late"), *((f"{i:02d}.png", "a cat", (i * 5) % 12) for i in reversed(range(12)))],
    ],
    ids=["index", "file"],
)
def test_a_folder_with_a_table_of_scores(numbered, tmp_path, rows):
    (tmp_path / "scores.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    options = [f"--scores={tmp_path / 'scores.csv'}", "--num=4", "--labels=g=good,b=bad"]
    page = page_of(options, numbered)
    assert names_on(page) == [f"{i:02d}.png" for i in range(12) if (i * 5) % 12 in (0, 1, 10, 11)]
    assert "of 12 the 2 highest and the 2 lowest, by variance/late" in page
    assert 'const labels = {"g": "good", "b": "bad"}' in page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "index,s\n0,1\n",
            "expected a row for each of 12 files, found none for 11, such as 01.png; add a row with index",
        ),
        ("file,s\n00.png,1\n", "found none for 11, such as 01.png; add a row with file 01.png"),
        ("name,s\n0,1\n", "expected a column file or index and a row for each sample, got columns name, s and 1 rows"),
        ("index,s\n", "got columns index, s and 0 rows"),
        ("index,s\n0,1\n0,2\n", "expected each sample once, got 0 twice"),
        ("index,s\n0,high\n", "expected a column of numbers for each score, got s"),
    ],
)
def test_refuses_other_tables(numbered, tmp_path, text, message):
    (tmp_path / "scores.csv").write_text(text)
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        sheet.main([str(numbered), f"--scores={tmp_path / 'scores.csv'}"])


def test_refuses_a_score_that_is_not_there(numbered, tmp_path):
    (tmp_path / "scores.csv").write_text("index,s\n" + "".join(f"{i},1\n" for i in range(12)))
    with pytest.raises(ConfigurationError, match="score: expected one of s, got t"):
        sheet.main([str(numbered), f"--scores={tmp_path / 'scores.csv'}", "--by=t"])
    with pytest.raises(ConfigurationError, match="score: expected one of variance/w, ink, got t"):
        sheet.main([str(write_store(tmp_path / "store")), "--by=t"])
    with pytest.raises(ConfigurationError, match="expected no --scores with a store, which has its own"):
        sheet.main([str(tmp_path / "store"), "--scores=s.csv"])
