"""MIDI files to notes: what is read, what is refused and why."""

from __future__ import annotations

import numpy as np
import pytest

from processors.midi import BadMusicError, MidiLimits, cut, read_midi, read_score, write_midi
from processors.notes import Notes

LIMITS = MidiLimits()


def some_notes(count: int = 40) -> Notes:
    return Notes.of(np.arange(count) * 0.25, 40 + np.arange(count) % 40, np.full(count, 0.2), np.full(count, 80))


def reason(data: bytes, limits: MidiLimits = LIMITS) -> str:
    with pytest.raises(BadMusicError) as caught:
        read_midi(data, limits)
    assert str(caught.value).endswith((".", ")")) or ":" in str(caught.value)
    return caught.value.type


def test_reads_what_was_written() -> None:
    notes = some_notes()
    again = read_midi(write_midi(notes))
    assert again.pitch.tolist() == notes.pitch.tolist()
    assert np.abs(again.onset_s - notes.onset_s).max() < 0.005
    assert np.abs(again.duration_s - notes.duration_s).max() < 0.005


def test_refuses_what_is_not_midi() -> None:
    assert reason(b"") == "not_midi"
    assert reason(b"RIFF....WAVE") == "not_midi"


@pytest.mark.parametrize("keep", [10, 20, 60, 150])
def test_a_truncated_file_is_refused(keep: int) -> None:
    assert reason(write_midi(some_notes())[:keep]) in ("truncated", "no_notes")


def test_limits_are_kept() -> None:
    data = write_midi(some_notes(100))
    assert reason(data, MidiLimits(max_notes=99)) == "too_many_notes"
    assert reason(data, MidiLimits(max_bytes=100)) == "too_large"


def test_a_file_without_notes_is_refused() -> None:
    assert reason(write_midi(some_notes(0))) == "no_notes"


def test_quarters_without_a_length_make_no_beats() -> None:
    data = bytearray(write_midi(some_notes()))
    data[12:14] = b"\0\0"  # the ticks of a quarter
    score = read_score(bytes(data))
    assert len(score.notes) == 40
    assert score.beats is None


def test_random_bytes_never_crash_the_reader() -> None:
    rng = np.random.default_rng(0)
    good = write_midi(some_notes())
    for _ in range(300):
        data = bytearray(good)
        for place in rng.integers(4, len(data), 5):
            data[place] = int(rng.integers(256))
        try:
            notes = read_midi(bytes(data))
        except BadMusicError:
            continue
        assert np.isfinite(notes.onset_s).all()


def test_cut_starts_at_zero() -> None:
    part = cut(some_notes(), 2.0, 3.0)
    assert part.onset_s[0] == 0.0
    assert len(part) == 12


@pytest.mark.parametrize(("start_s", "length_s"), [(-1.0, 2.0), (0.0, 0.0), (100.0, 5.0), (8.0, 30.0), (12.0, None)])
def test_a_clip_outside_its_file_is_refused(start_s: float, length_s: float | None) -> None:
    with pytest.raises(BadMusicError) as caught:
        cut(some_notes(), start_s, length_s)
    assert caught.value.type == "clip_outside_file"


def test_a_clip_may_reach_a_little_past_the_end() -> None:
    assert len(cut(some_notes(), 5.0, 6.0)) == 20
