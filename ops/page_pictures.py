"""Pictures of the page for the README: ``python -m ops.page_pictures``.

A rag is played on a stack that is gone afterwards.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from ops.bench.rig import rig
from ops.browser import chromium

FOLDER = Path(__file__).parents[1] / "docs" / "images"
SERVERS = ("kafka", "registry", "redis", "clickhouse")
WORKERS = (
    "clips",
    "live",
    "rhythm",
    "triggers",
    "webhook",
    "error-generator",
    "redis-sink",
    "clickhouse-sink",
    "gateway",
)
WORK = "maple leaf rag"
WIDE = ViewportSize(width=1360, height=860)
NARROW = ViewportSize(width=390, height=844)
COLOURS = 200
ERRORS = 4
PATIENCE_MS = 120_000


def main(folder: Path) -> None:
    """Draw ``page.png`` and ``page-phone.png``."""
    with rig(SERVERS, WORKERS) as made, chromium() as browser:
        page = browser.new_page(viewport=WIDE)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(made.settings.gateway_url)
        page.fill("#words", WORK)
        page.keyboard.press("Enter")
        page.locator("#found button").first.click()
        page.locator(f"#errors li:nth-child({ERRORS})").wait_for()
        page.evaluate("scrollTo(0, 0)")
        _take(page, folder / "page.png")
        page.set_viewport_size(NARROW)
        page.wait_for_timeout(500)
        _take(page, folder / "page-phone.png")


def _take(page: Page, file: Path) -> None:
    from PIL import Image

    page.screenshot(path=file)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(COLOURS).save(file, optimize=True)
    print(f"{file}: {file.stat().st_size >> 10} KiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
