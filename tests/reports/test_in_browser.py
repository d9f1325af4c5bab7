"""A report as somebody uses it who reads: with a mouse, with keys, with a finger, in the light and in the dark."""

from types import SimpleNamespace

import pytest
import torch

from lightning_modeinterp.reports.chart import Axis, Chart, Line, Point
from lightning_modeinterp.reports.content import Folded, Report, Section, Table, Tile
from lightning_modeinterp.reports.gallery import gallery
from lightning_modeinterp.reports.report import page
from tests.browser import DESKTOP, PHONE, opened
from tests.reports.conftest import samples_of_shape, show

TAB, RIGHT, LEFT, ESCAPE = "\ue004", "\ue014", "\ue012", "\ue00c"
"""Keys by their names in WebDriver."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("downloads")) as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Samples of three shapes, a curve, and words and numbers that are too long for a phone."""
    shapes = [(1,), (2,), (1, 4, 4)]
    data = [SimpleNamespace(served=lambda _, s=s: torch.zeros(50, *s), to_data_units=lambda x: x) for s in shapes]
    samples = [gallery(show(samples_of_shape(shape)), each) for shape, each in zip(shapes, data, strict=True)]
    points = [Point(step, 1 / step, f"loss after {step} updates", "line-0") for step in (1, 10, 100)]
    ends = [(0.5 / step, 2 / step) for step in (1, 10, 100)]
    curve = Chart(
        "Loss", "", Axis("updates", 1, 100), Axis("loss", 0.005, 2, True), [Line("loss", points, "line-0", ends)]
    )
    long = "a_very_long_name_" * 20
    wide = Table(["number"] * 12, [[long[:40]] * 12], "wide", is_folded=False)
    more = Section("More", [long], [curve, wide, Table(["a", "b"], [[long, long]]), Folded("config", long)])
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page(Report(long, "made up", ["About."], [Tile("1 %", long)], [*samples, more])))
    return file


def said(browser):
    """What the page says of the sample that is pointed at; None where it says nothing."""
    return browser.js("(tip => tip.hidden ? null : tip.textContent)(document.getElementById('tip'))")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_nothing_is_fetched_nothing_complains_nothing_is_cut(browser, report, size, dark):
    browser.open(report, size, dark)
    browser.js("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert (browser.requests(), browser.complaints()) == ([], [])
    assert browser.overflow() <= 0
    assert browser.js("[...document.images].every(each => each.naturalWidth > 0 && each.alt)")
    assert browser.js("[...document.querySelectorAll('svg')].every(each => each.getAttribute('aria-label'))")
    low, high = sorted(
        browser.js(f"{LIGHTNESS}(getComputedStyle(document.body).{name})") for name in ("color", "background")
    )
    assert high / low > 7, "contrast of WCAG AAA"


LIGHTNESS = """(colour => {
  const [r, g, b] = colour.match(/\\d+/g).slice(0, 3).map(each => each / 255)
    .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
})"""


def test_a_mouse_shows_the_variance(browser, report):
    browser.open(report)
    for element in (browser.all("section:first-of-type .dot")[-1], browser.all(".card")[0]):
        browser.hover(element)
        assert said(browser) == element.get_attribute("data-tip")
        assert "variance" in said(browser)
    browser.hover(browser.all("h1")[0])
    assert said(browser) is None


def test_a_finger_shows_it_too_and_takes_it_away(browser, report):
    browser.open(report, PHONE)
    for element in (browser.all("section:first-of-type .dot")[-1], browser.all(".card")[2]):
        browser.touch(element)
        assert said(browser) == element.get_attribute("data-tip")
        place = browser.js("document.getElementById('tip').getBoundingClientRect().toJSON()")
        assert place["left"] >= 0
        assert place["right"] <= PHONE[0]
    browser.touch(browser.all("h2")[-1])
    assert said(browser) is None


def test_keys_walk_from_the_most_restless_on(browser, report):
    browser.open(report)
    browser.js("document.querySelector('svg').focus()")
    browser.press(RIGHT)
    dots = browser.all("section:first-of-type svg .dot")
    assert said(browser) == dots[-1].get_attribute("data-tip")
    browser.press(RIGHT)
    assert said(browser) == dots[-2].get_attribute("data-tip")
    browser.press(LEFT, ESCAPE)
    assert said(browser) is None
    browser.js("document.querySelector('.card').focus()")
    browser.press(RIGHT)
    assert said(browser) == browser.all(".gallery:first-of-type .card")[1].get_attribute("data-tip")
