"""The live audio bridge: sound files, and a real sound input of a real JACK server, heard into the topic ``notes``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.stack import Stack
from processors.identify import Catalogue
from processors.notes import Notes
from tests.processors.onsets.tones import melody, play

from .bridges import WAIT_S, Bridge, receive, run
from .music import make_piece
from .replies import replies_from_now

PITCHES = [60, 64, 67, 72, 71, 67, 62, 65, 69, 74]
PIECES = [make_piece(seed) for seed in range(40, 46)]


def sound_file(path: Path, notes: Notes, rate_hz: int = 44_100) -> Path:
    """The notes as sound, on the left channel only."""
    samples = play(notes, rate_hz)
    soundfile.write(path, np.stack([samples, np.zeros_like(samples)], 1), rate_hz)
    return path


@pytest.fixture
def worker(stack: Stack, settings: Settings) -> Iterator[None]:
    """The live worker, with the pieces in its catalogue."""
    Catalogue.update(settings.catalogue_dir, [piece.entry() for piece in PIECES])
    live = stack.add("live")
    live.start()
    yield
    live.stop()


def test_what_is_heard_in_a_file_is_named_by_the_live_worker(
    worker: None, settings: Settings, source: str, tmp_path: Path
) -> None:
    part = PIECES[2].notes.between(20.0, 36.0)
    file = sound_file(tmp_path / "study.flac", part)
    with replies_from_now(settings, EventCodec(settings)) as replies:
        result = run(settings, "--audio", str(file), "--fast", "--source-id", source, "--json")
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["sent"] >= 0.9 * len(part)
        last = replies.match(lambda m: m.source_id == source and m.time_s > 15.0, "the end of the file")
    assert last.status == "matched"
    assert last.candidates[0].work_id == PIECES[2].work_id
    assert last.candidates[0].ref_end_s == pytest.approx(20.0 + last.time_s, abs=1.5)


def test_notes_of_a_file_lie_where_they_sounded(
    settings: Settings, notes: EventReader, source: str, tmp_path: Path
) -> None:
    file = sound_file(tmp_path / "tune.wav", melody(PITCHES))
    result = run(settings, "--audio", str(file), "--speed", "4", "--source-id", source, "--session", "evening")
    assert "10 events" in result.stdout, result.stderr
    events = receive(notes, source, 10)
    assert [event.pitch for event in events] == PITCHES
    assert [event.time_s for event in events] == pytest.approx([0.5 + 0.3 * i for i in range(10)], abs=0.03)
    assert [event.sequence for event in events] == list(range(10))
    assert {(event.type, event.medium, event.session_id) for event in events} == {("note_on", "sound", "evening")}
    played_s = (events[-1].created_at - events[0].created_at) / 1e6
    assert played_s >= 2.7 / 4 - 0.05  # in time with the file, not when the network was ready


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"hello", "cannot be read as sound"), (np.full(40_000, np.nan, np.float32).tobytes(), "not finite")],
)
def test_a_file_that_cannot_be_heard_is_answered_by_a_sentence(
    stack: Stack, settings: Settings, source: str, tmp_path: Path, data: bytes, sentence: str
) -> None:
    file = tmp_path / "bad.wav"
    if sentence == "not finite":
        soundfile.write(file, np.frombuffer(data, np.float32), 22_050, subtype="FLOAT")
    else:
        file.write_bytes(data)
    result = run(settings, "--audio", str(file), "--source-id", source, "--fast")
    assert result.returncode == 1
    assert "bad.wav" in result.stderr
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_microphone_is_heard(
    settings: Settings, notes: EventReader, source: str, jack: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    file = tmp_path / "tune.wav"
    soundfile.write(file, play(melody(PITCHES), 48_000), 48_000)
    command = [sys.executable, str(Path(__file__).with_name("audio_player.py")), str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as player:
        assert player.stdin
        assert player.stdout
        assert player.stdout.readline() == "ready\n"
        listed = json.loads(run(settings, "--list-microphones", "--json").stdout)["microphones"]
        (name,) = [name for name in listed if "PortAudio" in name]
        with Bridge(settings, "--microphone", name, "--source-id", source) as bridge:
            bridge.wait_for(f"Listening to {name}")
            player.stdin.write("play\n")
            player.stdin.flush()
            events = receive(notes, source, 1)
            while events[-1].pitch != PITCHES[-1]:
                events += receive(notes, source, 1)
            summary = bridge.end()
        player.stdin.close()
        player.wait(WAIT_S)
    # A machine that is busy may drop a little sound between the two programs: a note may be missing, or a click heard.
    tune = {event.pitch: event for event in events if event.pitch in PITCHES}
    assert len(tune) >= len(set(PITCHES)) - 1
    assert len(events) <= len(PITCHES) + 2
    assert tune[74].time_s - tune[60].time_s == pytest.approx(2.7, abs=0.3)
    assert {(event.type, event.medium) for event in events} == {("note_on", "sound")}
    assert summary["lost"] == 0


def test_a_microphone_that_is_not_there_is_answered_by_a_sentence(
    stack: Stack, settings: Settings, jack: subprocess.Popen[bytes]
) -> None:
    result = run(settings, "--microphone", "the one in the attic")
    assert result.returncode == 1
    assert "There is no microphone 'the one in the attic'; there are: 'system'" in result.stderr


def test_without_sounddevice_a_microphone_asks_for_it(
    stack: Stack, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sounddevice.py").write_text("raise ModuleNotFoundError('sounddevice')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    result = run(settings, "--microphone", "default")
    assert result.returncode == 1
    assert "pip install 'continuo[microphone]'" in result.stderr
