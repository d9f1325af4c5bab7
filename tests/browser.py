"""Chromium without a window, in which tests open the pages that we write and use them as people do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

DESKTOP, PHONE = (1200, 900), (390, 844)
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Browser:
    """A page, opened; what it asks of a network and what it complains about is noted."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, page, size=DESKTOP, dark=False):
        """Open a file anew, as a mouse or, on a phone, a finger sees it."""
        is_phone = size == PHONE
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        width, height = size
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone
        )
        self.command("Emulation.setTouchEmulationEnabled", enabled=is_phone)
        self.driver.get(Path(page).resolve().as_uri())

    def command(self, name, **values):
        return self.driver.execute_cdp_cmd(name, values)

    def js(self, script, *values):
        """What a script returns."""
        return self.driver.execute_script(f"return {script}", *values)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def press(self, *keys):
        """Press keys where the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def hover(self, element):
        from selenium.webdriver.common.action_chains import ActionChains

        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(self.driver).move_to_element(element).perform()

    def touch(self, element):
        self.js("arguments[0].scrollIntoView({block: 'center'})", element)
        place = self.js(
            "(({x, y, width, height}) => [x + width / 2, y + height / 2])(arguments[0].getBoundingClientRect())",
            element,
        )
        point = dict(zip("xy", place, strict=True))
        self.command("Input.dispatchTouchEvent", type="touchStart", touchPoints=[point])
        self.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def requests(self):
        """Addresses that the page has asked for."""
        return self.js("performance.getEntriesByType('resource').map(each => each.name)")

    def complaints(self):
        """What stands in the console."""
        return [each["message"] for each in self.driver.get_log("browser")]

    def overflow(self):
        """Pixels that the page is wider than the screen."""
        return self.js("document.documentElement.scrollWidth - window.innerWidth")

    def picture(self, file):
        """The whole page as a PNG file."""
        import base64

        shot = self.command("Page.captureScreenshot", captureBeyondViewport=True)
        Path(file).write_bytes(base64.b64decode(shot["data"]))


def missing():
    """Why there is no browser; None where there is one."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        return "chromium and chromedriver are not installed (Debian: apt-get install chromium-driver)"
    return None


@contextmanager
def opened(downloads) -> Iterator[Browser]:
    """A browser with a profile of its own, which saves to a folder; skips the test where there is none."""
    if reason := missing():
        pytest.skip(reason)
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with TemporaryDirectory() as profile:
        for option in (*OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(option)
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
