import base64
import io

import numpy as np
import pytest
from jinja2 import UndefinedError
from PIL import Image

from lightning_modeinterp.pages import image_uri, pixels_uri, render
from lightning_modeinterp.pages.render import environment

PAGES = "lightning_modeinterp.pages"


def opened(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,"))))


def test_the_frame_forbids_every_request_and_escapes():
    page = render(PAGES, "base.html", title="</title><script>")
    assert "default-src 'none'" in page
    assert "<script>" not in page


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(UndefinedError, match="title"):
        render(PAGES, "base.html")


def test_data_for_a_script_keep_their_order_and_cannot_end_it():
    made = environment(PAGES).from_string("{{ labels | tojson }}").render(labels={"b": "</script>", "a": "&"})
    assert made.startswith('{"b"')
    assert "</script>" not in made


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_stay_what_they_are(channels):
    pixels = np.arange(channels * 16, dtype=np.uint8).reshape(channels, 4, 4)
    read = np.asarray(opened(pixels_uri(pixels))).reshape(4, 4, channels)
    assert np.array_equal(read.transpose(2, 0, 1), pixels)


def test_a_figure_keeps_size_and_looks(tmp_path):
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    image = np.stack([np.tile(ramp, (8, 1)), np.full((8, 64), 40, np.uint8), np.tile(ramp[::-1], (8, 1))], axis=2)
    Image.fromarray(image).save(tmp_path / "figure.png")
    uri, width, height = image_uri(tmp_path / "figure.png")
    assert (width, height) == (64, 8)
    assert np.abs(np.asarray(opened(uri).convert("RGB")).astype(int) - image).max() <= 8
