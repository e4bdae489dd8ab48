"""Standard MIDI Files to notes, with limits and errors that say what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import symusic
from numpy.typing import NDArray

from .midi_beats import Signature, TempoMap, midi_beats
from .notes import Notes
from .parts import Part, Track, parts_of
from .score_beats import ScoreBeats

TICKS_PER_SECOND = 960  # at 480 ticks a quarter and 120 quarters a minute


class BadMusicError(ValueError):
    """The bytes hold no music that can be analysed.

    Attributes:
        type: a short reason for programs: ``not_midi``, ``truncated``, ``no_notes``, ``too_many_notes``,
            ``too_large``, ``clip_outside_file``, ``bad_audio``.
    """

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type


@dataclass(frozen=True, slots=True)
class MidiLimits:
    """What a MIDI file may hold at the most."""

    max_bytes: int = 16 << 20
    max_notes: int = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class MidiScore:
    """What a catalogue wants of a MIDI file: its notes, its beats if the notes keep to them, what plays."""

    notes: Notes
    beats: ScoreBeats | None
    parts: tuple[Part, ...] = ()


def read_midi(data: bytes, limits: MidiLimits = MidiLimits()) -> Notes:
    """Read a Standard MIDI File; percussion tracks are left out.

    Raises:
        BadMusicError: not MIDI, truncated, without a pitched note, or over a limit.
    """
    score = _parse(data, limits)
    return _ticks(score, limits).notes(_tempi(score))


def read_score(data: bytes, limits: MidiLimits = MidiLimits()) -> MidiScore:
    """Read a Standard MIDI File with its beats, which come from its tempi and time signatures.

    There are no beats if the file has neither, if its quarters have no length, or if its notes do not keep to them, as
    in a recorded performance.

    Raises:
        BadMusicError: as ``read_midi``.
    """
    score = _parse(data, limits)
    tempi = _tempi(score)
    ticks = _ticks(score, limits)
    notes = ticks.notes(tempi)
    if not score.ticks_per_quarter or not (len(score.tempos) or len(score.time_signatures)):
        return MidiScore(notes, None, _parts(score))
    signatures = [Signature(s.time, s.numerator, s.denominator) for s in score.time_signatures]
    end = int((ticks.onset + ticks.duration).max())
    return MidiScore(notes, midi_beats(signatures, tempi, score.ticks_per_quarter, ticks.onset, end), _parts(score))


def _parts(score: Any) -> tuple[Part, ...]:
    sung = any(len(track.lyrics) for track in score.tracks)
    pitches = [track.notes.numpy()["pitch"] for track in score.tracks]
    return parts_of(
        [
            Track(track.name, track.program, track.is_drum, len(pitch), float(pitch.mean()) if len(pitch) else 0.0)
            for track, pitch in zip(score.tracks, pitches, strict=True)
        ],
        sung,
    )


class _Ticks(NamedTuple):
    """Notes in order of onset, then pitch, in ticks."""

    onset: NDArray[np.int64]
    duration: NDArray[np.int64]
    pitch: NDArray[np.uint8]
    velocity: NDArray[np.uint8]

    def notes(self, tempi: TempoMap) -> Notes:
        onset_s = tempi.seconds(self.onset)
        duration_s = tempi.seconds(self.onset + self.duration) - onset_s
        return Notes(onset_s, duration_s, self.pitch, self.velocity)


def _parse(data: bytes, limits: MidiLimits) -> Any:
    if len(data) > limits.max_bytes:
        raise BadMusicError("too_large", f"The MIDI file has {len(data)} bytes; the limit is {limits.max_bytes}.")
    if data[:4] != b"MThd":
        raise BadMusicError("not_midi", "The bytes are not a Standard MIDI File: they do not start with MThd.")
    try:
        return symusic.Score.from_midi(data)
    except Exception as error:
        raise BadMusicError("truncated", f"The MIDI file is truncated or damaged: {error}") from error


def _tempi(score: Any) -> TempoMap:
    events = score.tempos.numpy()
    return TempoMap.of(events["time"], events["mspq"], max(score.ticks_per_quarter, 1))


def _ticks(score: Any, limits: MidiLimits) -> _Ticks:
    tracks = [track.notes.numpy() for track in score.tracks if not track.is_drum and len(track.notes)]
    count = sum(len(track["time"]) for track in tracks)
    if count == 0:
        raise BadMusicError("no_notes", "The MIDI file has no pitched notes.")
    if count > limits.max_notes:
        raise BadMusicError("too_many_notes", f"The MIDI file has {count} notes; the limit is {limits.max_notes}.")
    onset = np.concatenate([track["time"] for track in tracks]).astype(np.int64)
    pitch = np.concatenate([track["pitch"] for track in tracks]).astype(np.uint8)
    order = np.argsort(onset * 128 + pitch, kind="stable")
    return _Ticks(
        onset[order],
        np.concatenate([track["duration"] for track in tracks]).astype(np.int64)[order],
        pitch[order],
        np.concatenate([track["velocity"] for track in tracks]).astype(np.uint8)[order],
    )


def cut(notes: Notes, start_s: float, length_s: float | None) -> Notes:
    """The part of a file that a clip asks for; the result starts at zero.

    Raises:
        BadMusicError: the part lies outside of the file (see ``require_inside``), or holds no note.
    """
    require_inside(start_s, length_s, notes.end_s)
    part = notes.between(start_s, np.inf if length_s is None else start_s + length_s)
    if not len(part):
        raise BadMusicError("no_notes", f"There are no notes from {start_s:g} s on for the length asked for.")
    return part


def require_inside(start_s: float, length_s: float | None, end_s: float) -> None:
    """Refuse a part that is not in a file of ``end_s`` seconds.

    Raises:
        BadMusicError: more than half of the part (and over a second) lies past the file's end, or its place is
            negative. Silence after the last note is forgiven.
    """
    if start_s < 0 or (length_s is not None and length_s <= 0):
        raise BadMusicError("clip_outside_file", f"A clip cannot start at {start_s} s with a length of {length_s} s.")
    if start_s > 0 and start_s >= end_s:
        raise BadMusicError(
            "clip_outside_file", f"The clip starts at {start_s:g} s, but the file ends at {end_s:.1f} s."
        )
    if length_s is not None and start_s + length_s - end_s > max(1.0, length_s / 2):
        raise BadMusicError(
            "clip_outside_file",
            f"The clip asks for {start_s:g}-{start_s + length_s:g} s, but the file ends at {end_s:.1f} s.",
        )


def write_midi(notes: Notes) -> bytes:
    """Write notes as a one-track Standard MIDI File at a constant tempo; times are kept to a millisecond."""
    score: Any = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 120.0))
    track: Any = symusic.Track()
    onset = np.round(notes.onset_s * TICKS_PER_SECOND).astype(np.int32)
    length = np.maximum(1, np.round(notes.duration_s * TICKS_PER_SECOND)).astype(np.int32)
    track.notes = symusic.Note.from_numpy(
        time=onset, duration=length, pitch=notes.pitch.astype(np.int8), velocity=notes.velocity.astype(np.int8)
    )
    score.tracks.append(track)
    data: bytes = score.dumps_midi()
    return data
