"""``continuo evaluate sections``: boundaries and labels on POP909 songs that nothing was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mir_eval
import numpy as np
from numpy.typing import NDArray

from processors.beats import BeatNetwork
from processors.beats.live import beats_of
from processors.midi import read_midi
from processors.notes import Notes
from processors.sections import Section, SectionTracker, sections_of
from processors.sections.baselines import even_sections, novelty_sections
from processors.training.sections.pop909 import (
    HELD_OUT_DIGIT,
    Phrase,
    melody_of,
    phrases_from_first_downbeat,
    phrases_of,
    sections_of_phrases,
    song_numbers,
)

from .measures import share

FRAME_S = 0.1
WAYS = ("offline", "baselines", "causal")
WINDOWS_S = (0.5, 3.0)
"""How far from the true one a boundary may lie."""


@dataclass(slots=True)
class Scores:
    """Figures of each song."""

    f: dict[str, list[float]] = field(default_factory=dict)
    right: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, name: str, value: float) -> None:
        self.f.setdefault(name, []).append(value)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a live listener said: the sections in the end, and the label that stood at each moment.

    Attributes:
        sections: with their final labels.
        said: (time, label) of each change of mind.
        delay_s: how long after its start each section was told of.
    """

    sections: list[Section]
    said: list[tuple[float, str]]
    delay_s: list[float]


def evaluate_sections(
    folder: Path, limit: int | None = None, ways: Sequence[str] = WAYS, progress: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Measure the songs whose number ends in 0.

    Returns:
        for each way to find sections, the hit rates F of boundaries (mir_eval, ends of the song included, and without
        them: ``trimmed``), the share of time with the right label, each with its 95 % interval over songs; against
        the annotated phrases, against these merged where neighbours have one letter, and in the naive reading.
    """
    names = [number for number in song_numbers(folder) if number.endswith(HELD_OUT_DIGIT)][:limit]
    rows: dict[str, Scores] = {}
    delays: list[float] = []
    network = BeatNetwork()
    songs = 0
    for number in names:
        progress()
        phrases = phrases_of(folder, number)
        if phrases is None:
            continue
        songs += 1
        truth = sections_of_phrases(phrases, *melody_of(folder, number))
        notes = read_midi((folder / f"{number}.mid").read_bytes())
        if "offline" in ways:
            _offline(rows, truth, notes, phrases, phrases_from_first_downbeat(folder, number))
        if "baselines" in ways:
            score(rows.setdefault("novelty only", Scores()), truth, novelty_sections(notes))
            score(rows.setdefault("every 16 steps, all verse", Scores()), truth, even_sections(notes))
        if "causal" in ways:
            heard = listen(notes, np.array([beat.time_s for beat in beats_of(notes, network)]))
            delays += heard.delay_s
            score(rows.setdefault("causal", Scores()), truth, heard.sections, heard.said)
    result = {name: _row(scores) for name, scores in rows.items()}
    if delays:
        p50, p95 = np.percentile(delays, (50, 95))
        result["causal"]["told_after_s"] = {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}
    return {
        "songs": songs,
        "beats": {"offline": "estimated pulse", "causal": "causal beat tracker"},
        "results": result,
    }


def _offline(
    rows: dict[str, Scores], truth: Sequence[Section], notes: Notes, phrases: Sequence[Phrase], naive: Sequence[Phrase]
) -> None:
    found = sections_of(notes)
    score(rows.setdefault("offline", Scores()), truth, found)
    merged = [phrase for i, phrase in enumerate(phrases) if not i or phrase.letter != phrases[i - 1].letter]
    for name, other in (("merged truth", merged), ("truth from first downbeat", naive)):
        edge_s = [*(phrase.start_s for phrase in other), phrases[-1].end_s if other is merged else other[-1].end_s]
        score_boundaries(rows.setdefault(f"offline, {name}", Scores()), edge_s, found)


def listen(notes: Notes, beat_s: NDArray[np.float64]) -> Heard:
    """Play notes to a tracker, beat after beat."""
    tracker = SectionTracker()
    sections: dict[float, Section] = {}
    said: list[tuple[float, str]] = []
    delay_s: list[float] = []
    at = 0
    for beat in beat_s:
        until = int(np.searchsorted(notes.onset_s, beat))
        now = slice(at, until)
        part = Notes(notes.onset_s[now], notes.duration_s[now], notes.pitch[now], notes.velocity[now])
        at = until
        for section in tracker.add(float(beat), part):
            if section.start_s not in sections:
                delay_s.append(float(beat) - section.start_s)
            end_s = notes.end_s if section.end_s is None else section.end_s
            sections[section.start_s] = Section(section.label, section.start_s, end_s, section.confidence)
        current = tracker.current
        if current is not None and (not said or said[-1][1] != current.label):
            said.append((float(beat), current.label))
    return Heard(list(sections.values()), said, delay_s)


def score(
    scores: Scores, truth: Sequence[Section], found: Sequence[Section], said: Sequence[tuple[float, str]] | None = None
) -> None:
    """Add one song; where ``said`` is given, it counts what label was told at each moment."""
    score_boundaries(scores, [*(section.start_s for section in truth), truth[-1].end_s], found)
    frame_s = np.arange(truth[0].start_s + FRAME_S / 2, truth[-1].end_s, FRAME_S)
    changes = said if said is not None else [(section.start_s, section.label) for section in found]
    true = _labels_at(frame_s, [(section.start_s, section.label) for section in truth])
    scores.right.append(float((_labels_at(frame_s, changes) == true).mean()))
    scores.seconds.append(truth[-1].end_s - truth[0].start_s)


def score_boundaries(scores: Scores, truth_s: Sequence[float], found: Sequence[Section]) -> None:
    """Hit rates of one song; what was found before and after the annotated span is cut off."""
    reference = _intervals(np.asarray(truth_s))
    inside = [section.start_s for section in found if truth_s[0] < section.start_s < truth_s[-1]]
    estimate = _intervals(np.array([truth_s[0], *inside, truth_s[-1]]))
    for window_s in WINDOWS_S:
        for trim in (False, True):
            p, r, f = mir_eval.segment.detection(reference, estimate, window=window_s, trim=trim)
            name = f"{window_s:g} s{' trimmed' if trim else ''}"
            scores.add(f"F {name}", f)
            if not trim:
                scores.add(f"precision {name}", p)
                scores.add(f"recall {name}", r)


def _row(scores: Scores) -> dict[str, Any]:
    row: dict[str, Any] = {name: share(values) for name, values in scores.f.items()}
    if scores.right:
        row["label accuracy"] = share(scores.right)
    return row


def _intervals(edge_s: NDArray[np.float64]) -> NDArray[np.float64]:
    edges = np.unique(edge_s)
    return np.column_stack([edges[:-1], edges[1:]])


def _labels_at(time_s: NDArray[np.float64], changes: Sequence[tuple[float, str]]) -> NDArray[np.str_]:
    if not changes:
        return np.full(len(time_s), "none")
    at = np.searchsorted([change[0] for change in changes], time_s, side="right") - 1
    labels = np.array([change[1] for change in changes])
    return np.where(at < 0, "none", labels[np.maximum(at, 0)])
