"""A headless Chromium, for the tests and pictures of the page, and to measure it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox",  # it loads nothing but our own page, often as root in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--mute-audio",
)


class BrowserMissingError(RuntimeError):
    """There is no browser here; the message says what to install."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a fresh profile, closed at the end.

    Raises:
        BrowserMissingError: Chromium or what drives it is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise BrowserMissingError("The browser is driven by playwright: pip install 'continuo[dev]'.") from error
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise BrowserMissingError("There is no Chromium. Install it, on Debian with `apt-get install chromium`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()
