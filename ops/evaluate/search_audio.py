"""Search by sound measured: renders with SoundFonts that nothing was trained on, among all works of a catalogue."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from processors.identify_music import MusicLimits
from processors.midi import MidiScore, read_score
from processors.notes import Notes
from processors.onsets.constants import SAMPLE_RATE
from processors.search.engine import SearchEngine
from processors.search.hearing import Heard, Hearing, identifier_of
from processors.search.limits import BadSearchError, SearchRequest
from processors.training.onsets.soundfonts import SoundFont

PLAYED_S = 30.0
TEMPO_RATIOS = (0.8, 1.25)
TOP = 5
RANKED = 100
PROGRAMS = {
    "piano": 0, "harpsichord": 6, "organ": 19, "accordion": 21, "guitar": 24, "violin": 40, "viola": 41, "cello": 42,
    "bass": 43, "harp": 46, "strings": 48, "voice": 52, "trumpet": 56, "trombone": 57, "tuba": 58, "horn": 60,
    "saxophone": 65, "oboe": 68, "bassoon": 70, "clarinet": 71, "flute": 73, "recorder": 74,
}  # fmt: skip
MOST_PROGRAMS = 3


def evaluate_search_audio(
    engine: SearchEngine,
    manifest: Path,
    root: Path,
    fonts: Sequence[Path],
    count: int,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """How often half a minute of a work, played at another tempo, finds it first and among the first five.

    Args:
        fonts: SoundFonts, used in turn.
        count: works, drawn from those that last at least a minute.
    """
    rng = np.random.default_rng(seed)
    loaded = [SoundFont(font) for font in fonts]
    hearing, identifier = Hearing(MusicLimits()), identifier_of(engine.index.catalogue)
    with manifest.open(newline="", encoding="utf-8") as file:
        paths = [row["path"] for row in csv.DictReader(file)]
    ranks: dict[str, list[int | None]] = {"search": [], "likeness alone": []}
    for path in rng.permutation(paths).tolist():
        if len(ranks["search"]) >= count:
            break
        score = read_score((root / path).read_bytes())
        if score.notes.end_s < 2 * PLAYED_S:
            continue
        samples = _played(score, loaded[len(ranks["search"]) % len(loaded)], rng)
        advance()
        try:
            heard = hearing.hear_sound(samples, SAMPLE_RATE, identifier)
        except BadSearchError:  # nothing was heard: nothing is found
            for way in ranks.values():
                way.append(None)
            continue
        ranks["search"].append(_rank(engine, heard, path))
        ranks["likeness alone"].append(_rank(engine, replace(heard, performed=()), path))
    shares = {way: _shares(found) for way, found in ranks.items()}
    return {"works": len(engine.index), "renders": len(ranks["search"]), **shares}


def _rank(engine: SearchEngine, heard: Heard, path: str) -> int | None:
    found = [work.path for work in engine.search(SearchRequest("audio", top_k=RANKED), heard)]
    return found.index(path) if path in found else None


def _played(score: MidiScore, font: SoundFont, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Half a minute from somewhere in the work, slower or faster, by instruments of its parts."""
    ratio = float(np.exp(rng.uniform(*np.log(TEMPO_RATIOS))))
    start_s = rng.uniform(0.0, score.notes.end_s - PLAYED_S * ratio)
    part = score.notes.between(start_s, start_s + PLAYED_S * ratio)
    notes = Notes.of(part.onset_s / ratio, part.pitch, part.duration_s / ratio, part.velocity)
    largest = sorted(score.parts, key=lambda one: -one.share)
    programs = list(dict.fromkeys(PROGRAMS.get(one.name, 0) for one in largest))[:MOST_PROGRAMS] or [0]
    samples = font.render(notes, PLAYED_S, tuple(programs), rng)
    return samples / max(float(np.abs(samples).max()), 1e-6) * np.float32(0.5)


def _shares(ranks: Sequence[int | None]) -> dict[str, float]:
    first = [rank is not None and rank < 1 for rank in ranks]
    five = [rank is not None and rank < TOP for rank in ranks]
    return {"first": round(float(np.mean(first)), 3), "first_five": round(float(np.mean(five)), 3)}
