"""What descriptive queries are judged by: facts of the scores themselves, read from their MIDI files.

Nothing here comes from the search: tempo is that of the file's tempo and time signatures, mode that of its pitches
weighted by how long they sound, texture that of what sounds together. The index knows no durations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from processors.midi import BadMusicError, read_score
from processors.search.facts import key_fit

WINDS = frozenset({"flute", "recorder", "oboe", "clarinet", "bassoon", "saxophone", "horn", "trumpet", "trombone"})
BOWED = frozenset({"violin", "viola", "cello", "bass", "strings"})
KEY_MARGIN = 0.05
"""Of a score whose best major and minor keys fit this nearly alike, neither is true."""


@dataclass(frozen=True, slots=True)
class ScoreFacts:
    """Facts of a score.

    Attributes:
        instruments, parts: what plays, and how many parts there are.
        tempo_bpm: beats a minute, by the longest-lasting tempo mark and metre; None without a tempo mark.
        beats, divided_in_three: of the first time signature.
        mode: "major", "minor" or nothing.
        sounding: mean number of notes that sound together, while any does.
        chords: share of onsets of three notes and more.
        pitch: mean MIDI pitch, by duration.
        length_s: seconds.
    """

    instruments: frozenset[str]
    parts: int
    tempo_bpm: float | None
    beats: int | None
    divided_in_three: bool
    mode: str | None
    sounding: float
    chords: float
    pitch: float
    length_s: float


def read_score_facts(path: Path) -> ScoreFacts | None:
    """Facts of a MIDI file; nothing if it cannot be read."""
    data = path.read_bytes()
    try:
        score = read_score(data)
    except BadMusicError:
        return None
    events: Any = symusic.Score.from_midi(data)
    notes = score.notes
    beats, divided, unit = _metre(events)
    quarters = _main_tempo(events)
    weights = np.bincount(notes.pitch % 12, np.maximum(notes.duration_s, 0.01), minlength=12)
    fit = key_fit(weights / weights.sum())
    lead = float(fit[:12].max() - fit[12:].max())
    onsets, sizes = np.unique(np.round(notes.onset_s, 2), return_counts=True)
    return ScoreFacts(
        instruments=frozenset(part.name for part in score.parts),
        parts=len(score.parts),
        tempo_bpm=None if quarters is None else quarters / unit,
        beats=beats,
        divided_in_three=divided,
        mode=None if abs(lead) < KEY_MARGIN else ("major" if lead > 0 else "minor"),
        sounding=float(notes.duration_s.sum() / max(_covered(notes.onset_s, notes.onset_s + notes.duration_s), 0.1)),
        chords=float(np.mean(sizes >= 3)) if len(onsets) else 0.0,
        pitch=float(np.average(notes.pitch, weights=np.maximum(notes.duration_s, 0.01))),
        length_s=notes.end_s,
    )


def _metre(events: Any) -> tuple[int | None, bool, float]:
    """Beats a bar, whether they are divided in three, and a beat's length in quarters."""
    if not len(events.time_signatures):
        return None, False, 1.0
    first = events.time_signatures[0]
    if first.denominator >= 8 and first.numerator % 3 == 0 and first.numerator > 3:
        return first.numerator // 3, True, 12.0 / first.denominator
    return first.numerator, False, 4.0 / first.denominator


def _main_tempo(events: Any) -> float | None:
    """Quarters a minute: of all tempo marks the one in force for the most ticks."""
    if not len(events.tempos):
        return None
    times = [mark.time for mark in events.tempos] + [max(events.end(), events.tempos[-1].time + 1)]
    lasts: dict[float, int] = {}
    for mark, end in zip(events.tempos, times[1:], strict=True):
        lasts[round(mark.qpm, 1)] = lasts.get(round(mark.qpm, 1), 0) + end - mark.time
    return max(lasts, key=lambda qpm: lasts[qpm])


def _covered(start: Any, end: Any) -> float:
    """Length of the union of intervals in order of their starts."""
    reached = np.maximum.accumulate(end)
    gaps = np.maximum(start[1:] - reached[:-1], 0.0)
    return float(reached[-1] - start[0] - gaps.sum())


def _tempo(low: float, high: float) -> Callable[[ScoreFacts], bool]:
    return lambda facts: facts.tempo_bpm is not None and low <= facts.tempo_bpm <= high


def _has(*names: str) -> Callable[[ScoreFacts], bool]:
    return lambda facts: set(names) <= facts.instruments


def _only(*names: str) -> Callable[[ScoreFacts], bool]:
    return lambda facts: facts.instruments == set(names)


TRUTHS: dict[str, Callable[[ScoreFacts], bool]] = {
    "tempo:slow": _tempo(1, 72),
    "tempo:moderate": _tempo(82, 116),
    "tempo:fast": _tempo(128, 999),
    "mode:major": lambda facts: facts.mode == "major",
    "mode:minor": lambda facts: facts.mode == "minor",
    "texture:single line": lambda facts: facts.sounding < 1.1,
    "texture:two lines": lambda facts: 1.3 < facts.sounding <= 2.1 and facts.chords < 0.1,
    "texture:chords": lambda facts: facts.chords >= 0.5,
    "metre:three": lambda facts: facts.beats == 3 and not facts.divided_in_three,
    "metre:two": lambda facts: facts.beats == 2 and not facts.divided_in_three,
    "metre:four": lambda facts: facts.beats == 4 and not facts.divided_in_three,
    "metre:divided in three": lambda facts: facts.divided_in_three,
    "register:high": lambda facts: facts.pitch > 69.0,
    "register:low": lambda facts: facts.pitch < 54.0,
    "length:short": lambda facts: facts.length_s < 60.0,
    "length:long": lambda facts: facts.length_s > 240.0,
    "choir": lambda facts: facts.instruments == {"voice"} and facts.parts >= 3,
    "choir and organ": lambda facts: facts.instruments == {"voice", "organ"} and facts.parts >= 4,
    "bowed strings": lambda facts: facts.instruments <= BOWED and len(facts.instruments) >= 2,
    "winds": lambda facts: facts.instruments <= WINDS and facts.parts >= 2,
    "large ensemble": lambda facts: len(facts.instruments) >= 6,
    **{
        f"only:{name}": _only(name)
        for name in ("piano", "guitar", "harpsichord", "organ", "violin", "viola", "cello", "flute", "bassoon")
    },
    **{
        f"pair:{'+'.join(pair)}": _only(*pair)
        for pair in (
            ("voice", "piano"),
            ("violin", "piano"),
            ("flute", "piano"),
            ("flute", "recorder"),
            ("voice", "guitar"),
            ("harpsichord", "voice"),
            ("violin", "cello"),
        )
    },
    **{
        f"has:{name}": _has(name)
        for name in (
            "clarinet",
            "oboe",
            "horn",
            "trumpet",
            "trombone",
            "bassoon",
            "flute",
            "viola",
            "mandolin",
            "timpani",
        )
    },
}
"""What each claim of a query means."""


def grade(claims: tuple[str, ...], facts: ScoreFacts | None) -> int:
    """2 where every claim of a query is true of a score, 1 where all but one of several are, else 0."""
    if facts is None or not (facts.instruments or not any(about_instruments(claim) for claim in claims)):
        return 0
    missing = sum(not TRUTHS[claim](facts) for claim in claims)
    return 2 if missing == 0 else int(missing == 1 and len(claims) > 2)


def about_instruments(claim: str) -> bool:
    """Whether a claim says what plays."""
    return not claim.startswith(("tempo:", "mode:", "texture:", "metre:", "register:", "length:"))
