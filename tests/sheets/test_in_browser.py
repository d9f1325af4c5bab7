"""The contact sheet as somebody uses it who labels: with keys, with a mouse, with a finger."""

import csv
import time

import numpy as np
import pytest

from lightning_modeinterp.sheets import NUMBERS, SheetImage, contact_sheet, image_key, read_labels
from tests.browser import DESKTOP, PHONE, opened

NUM_IMAGES = 40
LEFT, RIGHT, BACKSPACE = "\ue012", "\ue014", "\ue003"
"""Keys by their names in WebDriver."""


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads):
    with opened(downloads) as browser:
        yield browser


@pytest.fixture(scope="module")
def images():
    made = np.random.default_rng(0).integers(256, size=(NUM_IMAGES, 1, 8, 8), dtype=np.uint8)
    return [
        SheetImage(f'{number},"a".png', pixels, "guess", {"variance": float(number % 7)})
        for number, pixels in enumerate(made)
    ]


@pytest.fixture
def sheet(tmp_path, images):
    file = tmp_path / "sheet.html"
    file.write_text(contact_sheet(images, NUMBERS, "hands", f"all {NUM_IMAGES}"))
    return file


def labelled(browser):
    """Labels by the names of the images, as the page shows them."""
    return browser.js(
        "Object.fromEntries([...document.querySelectorAll('figure')].map(each => "
        "[each.dataset.name, each.querySelector('b').textContent]).filter(([_, label]) => label))"
    )


def test_keys_label_and_the_labels_are_saved(browser, sheet, images, downloads):
    browser.open(sheet)
    assert (browser.requests(), browser.complaints()) == ([], [])
    browser.press("5", "m", LEFT, LEFT, "6", RIGHT, "4", LEFT, BACKSPACE)
    assert labelled(browser) == {images[0].name: "6", images[1].name: "malformed"}
    browser.all("#save")[0].click()
    file = downloads / "labels.csv"
    deadline = time.monotonic() + 10
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    labels = read_labels(file)
    assert labels.by_name == {images[0].name: "6", images[1].name: "malformed"}
    assert labels.by_key[image_key(images[0].pixels)] == "6"
    assert len(list(csv.DictReader(file.open(newline="")))) == NUM_IMAGES
    assert browser.complaints() == []


COVERED = """(() => {
  const bar = document.querySelector('nav').getBoundingClientRect()
  return document.querySelector('figure.here').getBoundingClientRect().bottom - bar.top
})()"""
"""Pixels of the chosen image that lie behind the bar with the labels."""


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_what_is_chosen_is_in_sight_to_the_last(browser, sheet, size):
    browser.open(sheet, size)
    assert browser.overflow() <= 0
    for _ in range(NUM_IMAGES):
        browser.press(RIGHT)
        assert browser.js(COVERED) <= 0
    assert browser.js("document.querySelector('figure.here').dataset.name") == f'{NUM_IMAGES - 1},"a".png'


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_it_opens_at_its_top(browser, tmp_path, images, size):
    file = tmp_path / "sorted.html"
    file.write_text(contact_sheet(images, NUMBERS, "sorted", by="variance"))
    browser.open(file, size)
    browser.press("5")
    assert browser.js("document.querySelector('h1').getBoundingClientRect().top") >= 0


def test_a_finger_labels(browser, sheet, images):
    browser.open(sheet, PHONE)
    browser.js("localStorage.clear()")
    browser.open(sheet, PHONE)
    browser.touch(browser.all("figure")[3])
    browser.touch(browser.all('button[data-key="2"]')[0])
    assert labelled(browser) == {images[3].name: "2"}
    browser.open(sheet, PHONE)
    assert labelled(browser) == {images[3].name: "2"}, "what was labelled is there when the page is opened again"


def test_keys_in_the_list_of_orders_label_nothing_and_do_so_again_after_it(browser, sheet):
    browser.open(sheet)
    browser.js("localStorage.clear()")
    browser.open(sheet)
    browser.js("document.getElementById('by').focus()")
    browser.press("5")
    assert labelled(browser) == {}
    browser.js(
        "(by => { by.value = '-variance'; by.dispatchEvent(new Event('change')) })(document.getElementById('by'))"
    )
    browser.press("5")
    assert len(labelled(browser)) == 1
    values = [float(each.text) for each in browser.all("small")]
    assert values == sorted(values, reverse=True)
