"""A headless chromium for tests of the page, and what a user does in it."""

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest

from project import ROOT

FLAGS = (
    *(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
    ),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
    # No name but this machine's is found.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)


def find_axe() -> Path:
    """axe-core's script, named by $AXE_CORE or installed by `npm install axe-core` in the checkout."""
    path = Path(os.environ.get("AXE_CORE", ROOT / "node_modules" / "axe-core" / "axe.min.js"))
    if not path.is_file():
        pytest.skip("axe-core is not there: npm install axe-core, or name axe.min.js in $AXE_CORE")
    return path


class Page:
    """A browser with a profile of its own."""

    def __init__(self, folder: Path, url: str, language: str = "en"):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}", f"--lang={language}"):
            options.add_argument(flag)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.url, self.downloads = url, folder / "downloads"
        told = {"behavior": "allow", "downloadPath": str(self.downloads)}
        self.driver.execute_cdp_cmd("Browser.setDownloadBehavior", told)
        self.resize(1440, 900)
        self.open()

    def open(self, fragment: str = "") -> None:
        self.driver.get(self.url + fragment)
        self.wait_ready()

    def wait_ready(self) -> None:
        self.until("return document.documentElement.dataset.ready")

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def prefer(self, theme: str) -> None:
        told = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", told)

    def run(self, script: str, *values):
        return self.driver.execute_script(script, *values)

    def until(self, script: str, seconds: float = 120):
        """What the script returns, as soon as that is true."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, seconds, 0.05).until(lambda _: self.run(script))

    def element(self, name: str):
        return self.driver.find_element("id", name)

    def click(self, name: str) -> None:
        """Click an element, scrolled away from the bar at the lower border of the panel."""
        element = self.element(name)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def press(self, *keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)

    def tab_to(self, name: str, most: int = 80) -> None:
        """Reach an element with the key Tab alone."""
        for _ in range(most):
            if self.run("return document.activeElement.id") == name:
                return
            self.press("\ue004")
        raise AssertionError(f"{name} is not reached with Tab")

    def choose(self, *files: Path) -> None:
        self.element("files").send_keys("\n".join(str(file) for file in files))
        self.until("return !document.getElementById('work').hidden")

    def wait_idle(self) -> None:
        """Until nothing is in work any more."""
        self.until(
            "return document.getElementById('progress').hidden && document.getElementById('status').textContent"
        )

    def wait_result(self) -> None:
        self.wait_idle()
        self.until("return !document.getElementById('download').hidden")

    def downloaded(self, ending: str) -> Path:
        def found():
            files = [*self.downloads.glob(f"*{ending}")] if self.downloads.is_dir() else []
            return next(iter(files), None)

        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 30, 0.05).until(lambda _: found())

    def asked(self) -> list[str]:
        """Addresses that pages sent requests to, since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [each["params"] for each in events if each["method"] == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent if each["request"]["url"].startswith(("http", "ws"))]

    def complaints(self) -> list[str]:
        """What the browser's console says of faults: of scripts, and of what the security policy refused."""
        said = [each["message"] for each in self.driver.get_log("browser") if each["level"] == "SEVERE"]
        return [
            text for text in said if "Failed to load resource" not in text
        ]  # a refusal, which is no fault


@contextlib.contextmanager
def opened_page(folder: Path, port: int, language: str = "en"):
    """The page of a server at a port, in a new profile."""
    pytest.importorskip("selenium", reason="selenium is not there: pip install stylefuse[browser]")
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not there: apt install chromium chromium-driver")
    page = Page(folder, f"http://127.0.0.1:{port}/", language)
    try:
        yield page
    finally:
        page.driver.quit()


@pytest.fixture
def page(server, tmp_path):
    """The page of a module's `server`; at the end the browser must have no complaint."""
    with opened_page(tmp_path, server.port) as page:
        yield page
        assert page.complaints() == []
