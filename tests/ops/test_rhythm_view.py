"""What the demo shows of the rhythm."""

from __future__ import annotations

import io

from rich.console import Console

from ops.demo.rhythm_view import RhythmView
from schemas.events import Clip, Origin
from schemas.rhythm import Beat, ErrorEvent, Section


def drawn(view: RhythmView) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(view.draw())
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


def test_the_beat_in_its_bar_the_section_and_what_fired_are_shown() -> None:
    view, origin = RhythmView(), Origin("activations", 0, 0)
    assert "waiting for the first beat" in drawn(view)
    for number in range(1, 7):
        position = (number - 1) % 4 + 1
        beat = Beat(
            source_id="piano",
            origin=origin,
            session_id="song",
            source_zero_us=0,
            number=number,
            time_s=number * 0.5,
            position=position,
            downbeat=position == 1,
            beats_per_bar=4,
            tempo_bpm=120.0,
            confidence=1.0,
            next_beat_s=0.0,
            basis="network",
            made_by="test",
        )
        assert view.take(beat)
    section = Section(
        source_id="piano",
        origin=origin,
        session_id="song",
        label="chorus",
        start_s=0.0,
        confidence=1.0,
        basis="heard",
        made_by="test",
    )
    error = ErrorEvent(
        source_id="piano",
        session_id="song",
        trigger_key="piano/song/4",
        style="minimal",
        code="NIL",
        severity="info",
        message="undefined",
        part=1,
        parts=1,
        beat=4,
        section="chorus",
        tempo=120.0,
    )
    assert view.take(section)
    assert view.take(error)
    assert not view.take(Clip(source_id="piano", clip_id="c", kind="midi", name="n"))
    text = drawn(view)
    assert "●●○○ bar 2, beat 2 of 4, 120 bpm, chorus" in text
    assert "beat 4: info NIL undefined" in text
    assert "6 beats" in text
    assert "1 errors" in text
