import numpy as np
import pytest
import torch
from PIL import Image

from lightning_modeinterp.data.images import BrokenImageError, Preparation, decode_image, find_images
from lightning_modeinterp.errors import ConfigurationError

GREY, RGB = Preparation(4, "grey"), Preparation(4)


def halves(left, right, mode="RGB", size=4):
    """A picture whose left half has one colour and whose right half has another."""
    picture = Image.new(mode, (size, size), left)
    picture.paste(right, (size // 2, 0, size, size))
    return picture


def test_colours_stay_and_channels_come_first(write):
    pixels = decode_image(write("a.png", halves((255, 0, 0), (0, 0, 255))), RGB)
    assert pixels.shape == (3, 4, 4)
    assert pixels.dtype == np.uint8
    assert pixels[:, 0, 0].tolist() == [255, 0, 0]
    assert pixels[:, 0, 3].tolist() == [0, 0, 255]


def test_grey_becomes_three_equal_channels_and_colours_one(write):
    assert decode_image(write("a.png", halves(10, 200, "L")), RGB)[:, 0, 0].tolist() == [10, 10, 10]
    green = decode_image(write("b.png", halves((0, 255, 0), (0, 0, 0))), GREY)
    assert green[0, 0].tolist() == [150, 150, 0, 0]  # 0.587 * 255, Rec. 601


@pytest.mark.parametrize("background", [0, 255])
def test_transparency_shows_the_background(write, background):
    pixels = decode_image(
        write("a.png", halves((255, 0, 0, 255), (255, 0, 0, 0), "RGBA")), Preparation(4, background=background)
    )
    assert pixels[:, 0, 0].tolist() == [255, 0, 0]
    assert pixels[:, 0, 3].tolist() == [background] * 3


def test_half_transparent_grey_is_mixed_with_the_background(write):
    pixels = decode_image(write("a.png", halves((100, 255), (0, 128), "LA")), GREY)
    assert pixels[0, 0, 0] == 100
    assert pixels[0, 0, 3] == pytest.approx(127, abs=1)


def test_the_transparent_colour_of_a_palette_shows_the_background(write):
    picture = halves((255, 0, 0), (0, 0, 255)).quantize(2)
    picture.info["transparency"] = picture.getpixel((3, 0))
    pixels = decode_image(write("a.gif", picture, transparency=picture.getpixel((3, 0))), RGB)
    assert pixels[:, 0, 0].tolist() == [255, 0, 0]
    assert pixels[:, 0, 3].tolist() == [255, 255, 255]


def test_cmyk(write):
    pixels = decode_image(write("a.jpg", halves((0, 255, 255, 0), (0, 0, 0, 255), "CMYK", 16), quality=95), RGB)
    assert pixels[:, 0, 0] == pytest.approx([255, 0, 0], abs=6)
    assert pixels[:, 0, 3] == pytest.approx([0, 0, 0], abs=6)


def test_16_bits_are_scaled_not_clipped(write):
    values = np.array([[0, 257 * 10, 257 * 128, 65_535]] * 4, dtype=np.uint16)
    assert decode_image(write("a.png", values), GREY)[0, 0].tolist() == [0, 10, 128, 255]
    assert decode_image(write("b.tif", values), GREY)[0, 0].tolist() == [0, 10, 128, 255]


def test_one_bit(write):
    assert decode_image(write("a.png", halves(0, 1, "1")), GREY)[0, 0].tolist() == [0, 0, 255, 255]


def test_a_turned_picture_is_turned_upright(write):
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera on its side: a viewer turns it by 90 degrees, clockwise
    picture = halves((255, 255, 255), (0, 0, 0), size=32)
    pixels = decode_image(write("a.jpg", picture, exif=exif, quality=95), GREY)[0]
    assert (pixels[0] > 200).all()
    assert (pixels[3] < 50).all()


def test_of_an_animation_the_first_frame_is_taken(write):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    path = write("a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert decode_image(path, RGB)[:, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("fit", "corner", "middle"), [("crop", 255, 255), ("pad", 7, 255), ("stretch", 0, 255)], ids=str
)
def test_other_shapes(write, fit, corner, middle):
    wide = np.zeros((8, 16), dtype=np.uint8)
    wide[:, 4:12] = 255
    pixels = decode_image(write("a.png", wide), Preparation(8, "grey", fit, background=7))[0]
    assert pixels[0, 0] == corner
    assert pixels[4, 4] == middle


def test_shrinking_looks_at_every_pixel(write):
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (64, 32))
    assert decode_image(write("a.png", stripes), GREY)[0].astype(int) == pytest.approx(127, abs=4)


def test_a_large_jpeg_is_shrunk_on_the_way_in_without_a_visible_difference(write):
    x = torch.linspace(0, 255, 512).round().byte()
    picture = torch.stack([x.expand(512, -1), x.unsqueeze(1).expand(-1, 512), (255 - x).expand(512, -1)], -1).numpy()
    of_jpeg, of_png = (
        decode_image(write(name, picture, **options), Preparation(16)).astype(int)
        for name, options in (("a.jpg", {"quality": 95}), ("a.png", {}))
    )
    assert abs(of_jpeg - of_png).max() <= 4


def test_broken_files(write, tmp_path):
    whole = write("a.png", np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)).read_bytes()
    path = tmp_path / "broken.png"
    for content, reason in (
        (b"", "empty"),
        (b"no picture", "cannot identify"),
        (whole[: len(whole) // 2], "Error"),
        (whole[:200], "Error"),
    ):
        path.write_bytes(content)
        with pytest.raises(BrokenImageError, match=reason):
            decode_image(path, RGB)


def test_a_cut_off_jpeg_is_broken(write, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = write("a.jpg", noise).read_bytes()
    path = tmp_path / "broken.jpg"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BrokenImageError, match="truncated"):
        decode_image(path, RGB)


def test_floats_and_32_bits_are_refused(write):
    with pytest.raises(BrokenImageError, match="floating point"):
        decode_image(write("a.tif", np.zeros((4, 4), dtype=np.float32)), GREY)
    with pytest.raises(BrokenImageError, match="values up to 70000"):
        decode_image(write("b.tif", np.full((4, 4), 70_000, dtype=np.int32)), GREY)


def test_find_images_in_sub_folders_sorted_without_hidden_ones(write, tmp_path):
    for name in ("b/2.JPG", "a.png", "b/1.webp", ".hidden/c.png", ".c.png"):
        write(name, np.zeros((2, 2), dtype=np.uint8), **({"format": "JPEG"} if name.endswith("JPG") else {}))
    (tmp_path / "pictures/notes.txt").write_text("no image")
    assert find_images(tmp_path / "pictures") == ["a.png", "b/1.webp", "b/2.JPG"]


def test_a_folder_without_images(tmp_path):
    with pytest.raises(ConfigurationError, match=r"expected a folder of images, found none at .*nowhere"):
        find_images(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(ConfigurationError, match=r"\*\.png.* found none among 1 files"):
        find_images(tmp_path)


@pytest.mark.parametrize("settings", [{"image_size": 0}, {"image_size": 8, "background": 256}], ids=str)
def test_preparation_refuses(settings):
    with pytest.raises(ConfigurationError, match="image_size >= 1 and a background from 0 to 255"):
        Preparation(**settings)
