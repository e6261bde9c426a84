"""A headless Chromium that can reach nothing, for the page that the audit writes."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of the page; gone after them, with the event loop that it keeps."""
    from playwright.sync_api import sync_playwright

    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed; only a browser can tell how the page behaves")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
        yield running
        running.close()


class Shown:
    """The page in a window, with everything that it complained of.

    Args:
        window: Playwright's page.
    """

    def __init__(self, window: Any) -> None:  # noqa: ANN401 - Playwright's page
        self.window = window
        self.complaints: list[str] = []
        self.asked: list[str] = []
        window.on("console", lambda one: self.complaints.append(one.text))
        window.on("pageerror", lambda one: self.complaints.append(str(one)))
        window.on("request", lambda one: self.asked.append(one.url))

    def open(self, path: Path) -> "Shown":
        """Show a file."""
        self.window.goto(path.as_uri())
        return self

    def text(self, selector: str) -> str:
        """What is to be read there."""
        return str(self.window.inner_text(selector))

    def has_rows(self, tab: str, count: int) -> None:
        """Wait until a list has that many rows; its search waits for the end of typing."""
        from playwright.sync_api import expect

        expect(self.window.locator(f"#{tab} .row")).to_have_count(count)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.window.keyboard.press(key)


@pytest.fixture
def window(browser: Any) -> Iterator[Shown]:  # noqa: ANN401 - Playwright's browser
    """A window of its own, as large as a laptop's."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    yield Shown(context.new_page())
    context.close()
