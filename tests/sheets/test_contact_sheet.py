import base64
import html
import io
import json
import math
import re

import numpy as np
import pytest
from PIL import Image

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.sheets import SheetImage, contact_sheet, image_key, read_labels

PIXELS = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
LABELS = {"5": "5", "m": "malformed"}


def test_the_page_holds_the_images_themselves():
    page = contact_sheet([SheetImage("a", PIXELS), SheetImage("b", PIXELS[:1], "extra")], LABELS, "hands")
    pictures = re.findall(r"data:image/png;base64,([^\"]+)", page)
    first, second = (np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in pictures)
    assert np.array_equal(first.transpose(2, 0, 1), PIXELS)
    assert np.array_equal(second, PIXELS[0])
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "extra" in page


def test_keys_and_names_of_the_images_are_on_it():
    page = contact_sheet([SheetImage('"<b>', PIXELS)], LABELS, "<i>")
    assert f'data-key="{image_key(PIXELS)}"' in page
    assert "<b>" not in page.split("</header>")[1].split("<b></b>")[0]
    assert "<title>&lt;i&gt;</title>" in page


def test_labels_cannot_end_the_script():
    assert page_script(contact_sheet([SheetImage("a", PIXELS)], {"x": "</script>"}, "t")).count("</script>") == 0


def page_script(page):
    return page.split("<script>")[1].rsplit("</script>", 1)[0]


@pytest.mark.parametrize(("images", "labels"), [([], LABELS), ([SheetImage("a", PIXELS)], {}), ([1], {"ab": "c"})])
def test_refuses(images, labels):
    with pytest.raises(ConfigurationError, match="sheet: expected at least one image"):
        contact_sheet(images, labels, "t")


def test_an_image_is_known_by_bytes_and_shape():
    assert image_key(PIXELS) == image_key(PIXELS.copy(order="F"))
    assert len({image_key(PIXELS), image_key(PIXELS + 1), image_key(PIXELS.reshape(3, 2, 8))}) == 3


def test_labels_are_read(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_bytes('\ufeffname,key,label\r\n"a,b",k,5\r\nc,l,\r\n'.encode())
    labels = read_labels(file, ["5"])
    assert (labels.by_key, labels.by_name) == ({"k": "5"}, {"a,b": "5"})
    labels.check_names(["a,b", "z"])
    with pytest.raises(ConfigurationError, match=r"got 1 of others \(a,b\)"):
        labels.check_names(["z"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,label\na,5\n", "found no key"),
        ("", "found no name, key, label"),
        ("name,key,label\na,k,nine\n", "got 'nine' for a"),
    ],
)
def test_refuses_other_files(tmp_path, text, message):
    file = tmp_path / "labels.csv"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_labels(file, ["5"])


def test_scores_are_on_the_page_and_sort_it():
    images = [SheetImage(name, PIXELS, "", {"a/b": value, '"<': 1.5}) for name, value in (("x", 2.0), ("y", math.nan))]
    page = contact_sheet(images, LABELS, "t", "of 9 <the> 2", "a/b")
    known = [json.loads(html.unescape(each)) for each in re.findall(r'data-scores="([^"]*)"', page)]
    assert known == [{"a/b": 2.0, '"<': 1.5}, {"a/b": None, '"<': 1.5}]
    assert "of 9 &lt;the&gt; 2" in page
    options = [
        (html.unescape(value), bool(chosen)) for value, chosen in re.findall(r'value="([^"]*)"( selected)?', page)
    ]
    assert options == [("", False), ("-a/b", True), ("+a/b", False), ('-"<', False), ('+"<', False)]


def test_without_scores_there_is_nothing_to_sort_by():
    assert "<select" not in contact_sheet([SheetImage("a", PIXELS)], LABELS, "t")
