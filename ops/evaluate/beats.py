"""Beats against annotations: F-measure of beats and downbeats at 70 ms, nothing left out (mir_eval; Davies et al.)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mir_eval
import numpy as np
from numpy.typing import NDArray

from processors.beats import Beat, LiveBeats, OfflineBeats, StepNetwork
from processors.identify import Identifier
from processors.midi import read_midi
from processors.notes import Notes
from processors.onsets import Transcriber
from processors.onsets.constants import SAMPLE_RATE
from processors.training.onsets.soundfonts import SoundFont

from .beat_files import AnnotatedFile
from .rendering import PIANO, record

PIECE_S = 0.05
START_S = 15.0
NEAR_S = 0.070
ON_NOTE_S = 0.001
"""A beat so near to a note was told because of it."""


@dataclass(slots=True)
class Scores:
    """What was reached, a number a file.

    Attributes:
        beat, downbeat: F-measures.
        audited: of downbeats, for the files with audited ones.
        annotated: of the annotated downbeats against the audited ones.
        start: F-measure of the beats of the first ``START_S``.
        with_note: the share of annotated beats that have a note within 70 ms.
        between_notes: whether each beat that was told without a note on it was right.
        from_score: the share of beats that came from a score.
        note_ms: processor time that each note took, milliseconds.
    """

    beat: list[float] = field(default_factory=list)
    downbeat: list[float] = field(default_factory=list)
    audited: list[float] = field(default_factory=list)
    annotated: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    with_note: list[float] = field(default_factory=list)
    between_notes: list[bool] = field(default_factory=list)
    from_score: list[float] = field(default_factory=list)
    note_ms: list[float] = field(default_factory=list)

    def add(self, file: AnnotatedFile, notes: Notes, beats: Sequence[Beat]) -> None:
        """Compare a file's beats with its annotation."""
        told_s = np.array([b.time_s for b in beats])
        self.beat.append(f_measure(file.beat_s, told_s))
        if len(file.beat_s):
            end_s = file.beat_s[0] + START_S
            self.start.append(f_measure(file.beat_s[file.beat_s < end_s], told_s[told_s < end_s]))
            self.with_note.append(float((_away_s(file.beat_s, notes.onset_s) <= NEAR_S).mean()))
        between = _away_s(told_s, notes.onset_s) > ON_NOTE_S
        self.between_notes += (_away_s(told_s[between], file.beat_s) <= NEAR_S).tolist()
        down_s = np.array([b.time_s for b in beats if b.downbeat])
        self.downbeat.append(f_measure(file.downbeat_s, down_s))
        if file.audited_s is not None:
            self.audited.append(f_measure(file.audited_s, down_s))
            self.annotated.append(f_measure(file.audited_s, file.downbeat_s))
        self.from_score.append(float(np.mean([b.work_id is not None for b in beats])) if beats else 0.0)

    def as_dict(self) -> dict[str, Any]:
        """Means, with standard errors."""
        measured = {
            "beat": self.beat,
            "downbeat": self.downbeat,
            "audited_downbeat": self.audited,
            "annotated_against_audited": self.annotated,
            "start": self.start,
        }
        told: dict[str, Any] = {"files": len(self.beat)}
        for name, values in measured.items():
            if values:
                told[name] = round(float(np.mean(values)), 4)
                told[f"{name}_error"] = round(float(np.std(values)) / len(values) ** 0.5, 4)
        return told | {
            "with_note": round(float(np.mean(self.with_note or [0.0])), 4),
            "between_notes": len(self.between_notes),
            "between_notes_right": round(float(np.mean(self.between_notes or [False])), 4),
            "from_score": round(float(np.mean(self.from_score)), 4),
            "note_mean_ms": round(float(np.mean(self.note_ms)), 4),
            "note_p99_ms": round(float(np.quantile(self.note_ms, 0.99)), 4),
        }


def f_measure(true_s: NDArray[np.float64], found_s: NDArray[np.float64]) -> float:
    """Of all beats, from the first on; 0 where nothing was found."""
    if not len(true_s) or not len(found_s):
        return 0.0
    return float(mir_eval.beat.f_measure(np.sort(true_s), np.sort(found_s)))


def _away_s(time_s: NDArray[np.float64], others_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """From each time to the nearest of the others, which are in order."""
    edges_s = np.concatenate(([-np.inf], others_s, [np.inf]))
    after = np.searchsorted(edges_s, time_s)
    return np.minimum(time_s - edges_s[after - 1], edges_s[after] - time_s)


def evaluate_beats(
    files: Sequence[AnnotatedFile],
    network: StepNetwork,
    identifier: Identifier | None,
    fonts: Sequence[Path],
    length_s: float,
    seed: int,
    offline: OfflineBeats | None,
    advance: Callable[[], None],
) -> dict[str, Any]:
    """Hear the first ``length_s`` of each file as it is played.

    Its notes are heard, or with ``fonts`` its sound: rendered with one after the other, in rooms, with noise. With
    ``offline`` what comes later counts too.
    """
    scores = Scores()
    transcriber = Transcriber() if fonts else None
    loaded = [SoundFont(path) for path in fonts]
    rng = np.random.default_rng(seed)
    for number, file in enumerate(part.until(length_s) for part in files):
        notes = read_midi(file.path.read_bytes()).between(0.0, length_s)
        if transcriber is not None:
            notes = _heard(transcriber, notes, loaded[number % len(loaded)], number, rng)
        if offline is not None:
            started = time.thread_time_ns()
            beats = offline.beats_of(notes)
            scores.note_ms.append((time.thread_time_ns() - started) / 1e6 / max(len(notes), 1))
        else:
            beats = listen(LiveBeats(network, identifier), notes, scores.note_ms)
        scores.add(file, notes, beats)
        advance()
    return scores.as_dict()


def listen(live: LiveBeats, notes: Notes, note_ms: list[float]) -> list[Beat]:
    """The beats of notes as they come; what each cost is added to ``note_ms``."""
    beats: list[Beat] = []
    for time_s, pitch, velocity in zip(notes.onset_s, notes.pitch, np.maximum(notes.velocity, 1), strict=True):
        started = time.thread_time_ns()
        beats += live.add(float(time_s), int(pitch), int(velocity))
        note_ms.append((time.thread_time_ns() - started) / 1e6)
    return beats + live.finish()


def _heard(transcriber: Transcriber, notes: Notes, font: SoundFont, number: int, rng: np.random.Generator) -> Notes:
    """The notes that a listener hears in a rendering."""
    dry = font.render(notes, notes.end_s + 1.0, PIANO, rng, pedal=bool(rng.random() < 0.5))
    samples = record(dry, "base", number, rng)
    stream = transcriber.stream(SAMPLE_RATE)
    size = int(PIECE_S * SAMPLE_RATE)
    parts = [stream.add(samples[at : at + size]) for at in range(0, len(samples), size)]
    parts.append(stream.finish())
    return Notes.of(np.concatenate([p.onset_s for p in parts]), np.concatenate([p.pitch for p in parts]))
