"""The page in a real browser, on real servers and workers: what one who watches it sees and can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from connectors.consumer import EventReader
from connectors.settings import Settings
from ops.bench.band import make_song
from ops.browser import chromium
from processors.identify import Catalogue, WorkEntry
from processors.midi import write_midi
from processors.score_beats import ScoreBeats
from schemas.events import NoteEvent

from ..replies import PATIENCE_S

SONG = make_song(150.0, 40.0, np.random.default_rng(77))
TITLE = "Song of the Page"
PATIENCE_MS = 90_000
KEYBOARD = """
class Input extends EventTarget { name = "Test Keys"; state = "connected"; }
const input = new Input();
const access = Object.assign(new EventTarget(), { inputs: new Map([["1", input]]) });
navigator.requestMIDIAccess = async () => access;
window.playKey = (...data) => input.onmidimessage({ data, timeStamp: performance.now() });
"""

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


@pytest.fixture(scope="module", autouse=True)
def _song(address: str, settings: Settings) -> None:
    beats = len(SONG.beat_s)
    score = ScoreBeats(SONG.beat_s, np.arange(beats, dtype=np.int64) % 4 + 1, np.full(beats, 4, np.int64))
    Catalogue.update(
        settings.catalogue_dir, [WorkEntry("page-song", TITLE, "The Band", "song.mid", SONG.notes, None, score)]
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith(address) or wrong.append(f"asked {request.url}"))
    page.goto(address)
    page.select_option("#source", label="this page")
    expect(page.locator("#connection")).to_contain_text("Live")
    yield page
    page.close()
    assert not [reason for reason in wrong if not reason.startswith("asked blob:")]


def note_in_kafka(notes: EventReader, pitch: int) -> NoteEvent:
    """The next note of this pitch that the page has played."""
    for _ in range(int(PATIENCE_S / 0.2)):
        received = notes.poll()
        event = received.event if received else None
        if isinstance(event, NoteEvent) and event.source_id.startswith("page-") and event.pitch == pitch:
            return event
    raise AssertionError(f"No note {pitch} came within {PATIENCE_S:g} s.")


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_work_is_followed_as_the_page_plays_it(page: Page) -> None:
    page.fill("#words", "song of the page")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=TITLE).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(page.locator("#composer")).to_have_text("The Band")
    expect(page.locator("#roll")).to_have_attribute("aria-label", re.compile(f"Piano roll of {TITLE}, at "))
    expect(page.locator("#live")).to_contain_text(TITLE)
    expect(page.locator("#basis")).to_have_text("the score")
    expect(page.locator("#section")).not_to_have_text("–")
    expect(page.locator("#errors li:not(.quiet)").first).to_contain_text("beat 16")
    assert_accessible(page)
    page.get_by_role("button", name=f"Stop {TITLE}").click()
    expect(page.locator(".dot.on")).to_have_count(0)


def test_a_chosen_file_is_identified(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "clip.mid"
    file.write_bytes(write_midi(SONG.notes.between(8.0, 18.0)))
    page.set_input_files("#file", file)
    expect(page.locator("#upload")).to_contain_text(f"clip.mid: The Band: {TITLE}")
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)


def test_the_instruments_of_a_sound_file_are_shown(page: Page, tmp_path: Path) -> None:
    time_s = np.arange(5 * 22_050) / 22_050
    tone = 0.3 * np.sin(2 * np.pi * 440.0 * time_s) * np.exp(-(time_s % 1.0) * 3.0)
    soundfile.write(tmp_path / "tone.wav", tone, 22_050)
    page.set_input_files("#file", tmp_path / "tone.wav")
    expect(page.locator("#upload")).to_contain_text("tone.wav: ")
    expect(page.locator("#upload")).not_to_contain_text("being identified")
    expect(page.locator("#instruments")).not_to_contain_text("Not heard yet.")


def test_a_file_that_is_no_music_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader")
    page.set_input_files("#file", file)
    expect(page.locator("#upload")).to_contain_text("neither MIDI nor audio")


def test_the_piano_is_played_with_the_computers_keys_while_it_has_the_focus(page: Page, notes: EventReader) -> None:
    page.keyboard.press("g")
    page.get_by_role("button", name="C 4", exact=True).focus()
    page.keyboard.press("d")
    assert note_in_kafka(notes, 64).type == "note_on"
    assert note_in_kafka(notes, 64).type == "note_off"


def test_the_piano_is_played_by_arrows_and_space(page: Page, notes: EventReader) -> None:
    page.locator("#sound").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="C 4", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert note_in_kafka(notes, 61).velocity == 80


def test_a_midi_keyboard_is_played_into_kafka(browser: Browser, address: str, notes: EventReader) -> None:
    page = browser.new_page()
    page.add_init_script(KEYBOARD)
    page.goto(address)
    page.get_by_role("button", name="Connect a MIDI keyboard").click()
    expect(page.locator("#player")).to_have_text("Listening to Test Keys.")
    page.evaluate("playKey(0x90, 72, 101); playKey(0x80, 72, 0)")
    assert note_in_kafka(notes, 72).velocity == 101
    assert note_in_kafka(notes, 72).type == "note_off"
    page.close()


def test_it_is_accessible_and_fits_a_phone(page: Page) -> None:
    expect(page.locator("#summary")).to_contain_text("records to come")
    page.get_by_text("Every part and its lag").click()
    assert_accessible(page)
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert_accessible(page)


def test_who_wants_no_motion_sees_none(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("document.getElementById('dots').innerHTML = '<span class=\"dot on\"></span>'")
    assert page.evaluate("getComputedStyle(document.querySelector('.dot.on')).animationName") == "none"


def test_a_source_is_followed_by_its_address(page: Page, address: str) -> None:
    page.goto(f"{address}/#somebody-else")
    page.reload()
    expect(page.locator("#source")).to_have_value("somebody-else")
