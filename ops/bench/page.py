"""``continuo bench page``: how soon the page is there, and whether it keeps up with a player, in Chromium."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page

from ops.browser import chromium

from .quantiles import quantiles
from .rig import rig

WORKERS = ("live", "rhythm", "triggers", "webhook", "error-generator", "redis-sink", "gateway")
PATIENCE_MS = 60_000
FRAME_MS = 1000.0 / 60.0
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
WATCH = """
window.frames_ms = [];
window.updates = 0;
let last = performance.now();
const step = (now) => { frames_ms.push(now - last); last = now; requestAnimationFrame(step); };
requestAnimationFrame(step);
new MutationObserver(() => { updates += 1; }).observe(document.getElementById("latency"), { childList: true });
"""


def page(loads: int, seconds: float, work: str) -> dict[str, Any]:
    """Load the page with an empty cache several times, then watch a work that it plays.

    Args:
        loads: how often it is loaded.
        seconds: how long it is watched.
        work: words of the title of a work of the music21 corpus.

    Returns:
        ``first_paint``: quantiles of the first contentful paint; ``frames``: quantiles of the time between frames, the
        share of frames that were late by half a frame or more (``dropped``), how often a second answers changed what
        is shown, and the milliseconds of the page's own script a second.
    """
    with rig(("kafka", "registry", "redis"), WORKERS) as made, chromium() as browser:
        url = made.settings.gateway_url
        _first_paint(browser, url)  # the gateway's first answer is no fair one
        paints = [_first_paint(browser, url) for _ in range(loads)]
        watched = browser.new_page()
        watched.set_default_timeout(PATIENCE_MS)
        watched.goto(url)
        watched.fill("#words", work)
        watched.keyboard.press("Enter")
        watched.locator("#found button").first.click()
        watched.locator("#state[data-state=matched]").wait_for()
        return {"first_paint": quantiles(paints), "frames": _frames(watched, seconds)}


def _first_paint(browser: Browser, url: str) -> float:
    fresh = browser.new_context()
    try:
        opened = fresh.new_page()
        opened.goto(url)
        opened.wait_for_function(PAINT)
        return cast(float, opened.evaluate(PAINT))
    finally:
        fresh.close()


def _frames(watched: Page, seconds: float) -> dict[str, Any]:
    session = watched.context.new_cdp_session(watched)
    session.send("Performance.enable")
    watched.evaluate(WATCH)
    before_s = _script_s(session)
    watched.wait_for_timeout(seconds * 1000.0)
    script_s = _script_s(session) - before_s
    frames_ms = np.array(watched.evaluate("frames_ms.slice(5)"), np.float64)
    return quantiles(frames_ms.tolist()) | {
        "dropped": round(float(np.mean(frames_ms > 1.5 * FRAME_MS)), 4),
        "updates_per_s": round(watched.evaluate("updates") / seconds, 1),
        "script_ms_per_s": round(1000.0 * script_s / seconds, 1),
    }


def _script_s(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration"))
