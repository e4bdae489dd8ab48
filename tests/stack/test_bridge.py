"""The live bridge: a MIDI file, and real ports of a real JACK server, into the real topic ``notes``."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mido
import pytest

from connectors.consumer import EventReader
from connectors.settings import Settings
from ops.stack import Stack
from schemas.events import NoteEvent

from .bridges import Bridge, receive, receive_within, run


@pytest.fixture
def keyboard(jack: subprocess.Popen[bytes]) -> Iterator[Callable[[str], mido.ports.BaseOutput]]:
    """Makes keyboards: outputs that other programs can listen to. Those that are left are unplugged at the end."""
    backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
    plugged: list[mido.ports.BaseOutput] = []

    def plug_in(name: str) -> mido.ports.BaseOutput:
        plugged.append(backend.open_output(name, client_name=f"test-{name}"))
        return plugged[-1]

    yield plug_in
    for output in plugged:
        output.close()


def midi_file(path: Path, count: int) -> Path:
    """A scale of ``count`` notes, each half a second at 120 beats a minute, with a pedal before and after."""
    track = mido.MidiTrack([mido.Message("control_change", control=64, value=127)])
    for i in range(count):
        track.append(mido.Message("note_on", note=60 + i % 12, velocity=80))
        track.append(mido.Message("note_on", note=60 + i % 12, velocity=0, time=480))
    track.append(mido.Message("control_change", control=64, value=0))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(path)
    return path


def test_a_file_is_played_on_its_own_clock(settings: Settings, notes: EventReader, source: str, tmp_path: Path) -> None:
    file = midi_file(tmp_path / "scale.mid", 40)
    result = run(
        settings, "--midi", str(file), "--speed", "inf", "--source-id", source, "--session", "evening", "--json"
    )
    assert json.loads(result.stdout) == {"source_id": source, "session_id": "evening", "sent": 82, "lost": 0}
    assert result.returncode == 0
    events = receive(notes, source, 82)
    assert [event.sequence for event in events] == list(range(82))
    assert {event.session_id for event in events} == {"evening"}
    assert (events[0].type, events[0].velocity, events[0].pitch) == ("pedal", 127, 0)
    assert (events[1].type, events[1].pitch, events[1].velocity) == ("note_on", 60, 80)
    assert (events[2].type, events[2].pitch, events[2].velocity) == ("note_off", 60, 0)
    assert [event.time_s for event in events[1:81:2]] == pytest.approx([i / 2 for i in range(40)])
    assert len({event.trace_context for event in events}) == 1


def test_a_file_is_played_in_time(settings: Settings, notes: EventReader, source: str, tmp_path: Path) -> None:
    file = midi_file(tmp_path / "scale.mid", 4)
    run(settings, "--midi", str(file), "--speed", "2", "--source-id", source)
    events = receive(notes, source, 10)
    played_s = (events[-1].created_at - events[0].created_at) / 1e6
    assert played_s >= 0.98  # 2 s of music at twice the speed: never early


def test_a_file_that_is_no_midi_is_answered_by_a_sentence(
    stack: Stack, settings: Settings, source: str, tmp_path: Path
) -> None:
    whole = midi_file(tmp_path / "whole.mid", 4).read_bytes()
    for data in (b"hello", whole[:30]):
        (tmp_path / "bad.mid").write_bytes(data)
        result = run(settings, "--midi", str(tmp_path / "bad.mid"), "--source-id", source)
        assert result.returncode == 1
        assert "bad.mid" in result.stderr
        assert "Traceback" not in result.stderr


def test_a_virtual_port_takes_notes_from_another_program(
    settings: Settings, notes: EventReader, source: str, jack: subprocess.Popen[bytes]
) -> None:
    with Bridge(settings, "--virtual", "piano", "--api", "unix_jack", "--source-id", source) as bridge:
        bridge.wait_for("Listening to piano")
        backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
        (name,) = [name for name in backend.get_output_names() if name.endswith("piano")]
        with backend.open_output(name) as output:
            output.send(mido.Message("control_change", control=64, value=100))
            for pitch in range(40, 90):
                output.send(mido.Message("note_on", note=pitch, velocity=pitch, channel=3))
                output.send(mido.Message("pitchwheel", pitch=5))
                output.send(mido.Message("note_off", note=pitch, velocity=7, channel=3))
            events = receive(notes, source, 101)
        summary = bridge.end()
    assert (summary["sent"], summary["lost"]) == (101, 0)
    assert [event.sequence for event in events] == list(range(101))
    assert (events[0].type, events[0].velocity) == ("pedal", 100)
    pairs = [(event.type, event.pitch, event.velocity, event.channel) for event in events[1:]]
    assert pairs == [
        gesture for pitch in range(40, 90) for gesture in [("note_on", pitch, pitch, 3), ("note_off", pitch, 7, 3)]
    ]
    times = [event.time_s for event in events]
    assert times == sorted(times)


def test_a_keyboard_may_come_late_and_be_unplugged_for_a_while(
    settings: Settings, notes: EventReader, source: str, keyboard: Callable[[str], mido.ports.BaseOutput]
) -> None:
    events: list[NoteEvent] = []
    with Bridge(settings, "--port", "stage", "--api", "unix_jack", "--source-id", source) as bridge:
        bridge.wait_for("Waiting for a port called 'stage'")
        for pitch in (60, 64, 67):
            piano = keyboard("stage")
            bridge.wait_for("Listening to")
            piano.send(mido.Message("note_on", note=pitch, velocity=90))
            events += receive(notes, source, 1)
            piano.close()
            bridge.wait_for("went away")
        summary = bridge.end()
    assert [(event.pitch, event.sequence) for event in events] == [(60, 0), (64, 1), (67, 2)]
    assert len({event.session_id for event in events}) == 1
    assert events[0].time_s < events[1].time_s < events[2].time_s
    assert (summary["sent"], summary["lost"]) == (3, 0)


def test_what_finds_no_room_is_counted_and_leaves_a_hole(
    stack: Stack, settings: Settings, notes: EventReader, source: str, jack: subprocess.Popen[bytes]
) -> None:
    narrow = settings.model_copy(
        update={
            "bridge": settings.bridge.model_copy(update={"queue_events": 5}),
            "kafka": settings.kafka.model_copy(update={"queue_max_records": 5}),
        }
    )
    with Bridge(narrow, "--virtual", "organ", "--api", "unix_jack", "--source-id", source) as bridge:
        bridge.wait_for("Listening to organ")
        backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
        (name,) = [name for name in backend.get_output_names() if name.endswith("organ")]
        with backend.open_output(name) as output:
            stack.part("kafka").stop()
            for pitch in range(100):
                output.send(mido.Message("note_on", note=pitch, velocity=1))
            time.sleep(1)  # the player plays on while Kafka is away
            stack.part("kafka").start()
            stack.part("kafka").wait_healthy()
            bridge.wait_for("events are lost so far")
            played, events = 100, receive(notes, source, 1)
            while events[-1].pitch != 127:  # one that finds the queue still full is lost as well
                output.send(mido.Message("note_on", note=127, velocity=1))
                played += 1
                events += receive_within(notes, source, 1.0)
        summary = bridge.end()
        assert bridge.process.returncode == 1
    events += receive_within(notes, source, 1.0)
    assert events[-1].sequence < played
    assert summary["lost"] == played - len(events)
    assert summary["sent"] == len(events)
    assert [event.sequence for event in events] == sorted({event.sequence for event in events})


def test_a_midi_system_that_is_away_is_answered_by_a_sentence(
    stack: Stack, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    for arguments in (["--port", "stage"], ["--list"]):
        result = run(settings, *arguments, "--api", "unix_jack")
        assert result.returncode == 1
        assert "The MIDI system unix_jack does not answer" in result.stderr
    result = run(settings, "--list", "--api", "carrier_pigeon")
    assert "there are: linux_alsa, unix_jack" in result.stderr


def test_the_ports_are_listed(
    settings: Settings, stack: Stack, keyboard: Callable[[str], mido.ports.BaseOutput]
) -> None:
    keyboard("upright")
    listed = json.loads(run(settings, "--list", "--api", "unix_jack", "--json").stdout)
    assert "unix_jack" in listed["apis"]
    assert any("upright" in name for name in listed["ports"])
