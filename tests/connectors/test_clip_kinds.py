"""What a file is, before it is published; what a MIDI message means."""

from __future__ import annotations

import mido
import pytest

from connectors.midi_bridge import gesture_of
from connectors.midi_ports import find_port
from connectors.note_session import Gesture
from connectors.publisher import ClipError, kind_of


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"MThd\0\0", "song.mid", "midi"),
        (b"MThd\0\0", "no-suffix", "midi"),
        (b"not MIDI at all", "broken.MID", "midi"),
        (b"RIFF", "song.wav", "audio"),
        (b"fLaC", "song.FLAC", "audio"),
        (b"ID3", "song.mp3", "audio"),
        (b"OggS", "song.opus", "audio"),
    ],
)
def test_kind(data: bytes, name: str, kind: str) -> None:
    assert kind_of(data, name) == kind


@pytest.mark.parametrize("name", ["notes.txt", "song", "song.raw"])
def test_what_is_neither_is_refused(name: str) -> None:
    with pytest.raises(ClipError, match=name):
        kind_of(b"hello", name)


@pytest.mark.parametrize(
    ("message", "gesture"),
    [
        (mido.Message("note_on", note=60, velocity=80, channel=2), Gesture("note_on", 60, 80, 2)),
        (mido.Message("note_off", note=60, velocity=10), Gesture("note_off", 60, 10, 0)),
        (mido.Message("note_on", note=60, velocity=0), Gesture("note_off", 60, 0, 0)),
        (mido.Message("control_change", control=64, value=127), Gesture("pedal", 0, 127, 0)),
        (mido.Message("control_change", control=1, value=127), None),
        (mido.Message("pitchwheel", pitch=3), None),
        (mido.MetaMessage("set_tempo", tempo=500_000), None),
    ],
)
def test_gestures(message: mido.Message, gesture: Gesture | None) -> None:
    assert gesture_of(message) == gesture


def test_a_port_is_found_by_a_part_of_its_name() -> None:
    names = ["Midi Through:Midi Through Port-0 14:0", "Keystation 88:Keystation 88 MIDI 1 20:0"]
    assert find_port(names[0], names) == names[0]
    assert find_port("keystation", names) == names[1]
    assert find_port("organ", names) is None
