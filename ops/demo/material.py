"""What the demo plays: clips cut from works and disturbed, music outside the catalogue, and broken files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from connectors.importers import ImportedWork
from processors.midi import read_midi, write_midi
from processors.notes import Notes
from processors.training.performances import PIANIST, Player, perform, transpose
from schemas.events import Match


@dataclass(frozen=True, slots=True)
class Manner:
    """How clips are played.

    Attributes:
        player: what goes wrong with the notes.
        lowest_shift, highest_shift: the keys, semitones from the work's own.
        tempo_octaves: the tempo is at most 2 to this power times faster or slower than the work's.
    """

    player: Player
    lowest_shift: int
    highest_shift: int
    tempo_octaves: float


AS_WRITTEN = Manner(PIANIST, 0, 0, 0.3)
DISTURBED = Manner(Player(dropped=0.1, added=0.1, jitter_ms=20.0), -5, 6, 0.6)


@dataclass(frozen=True, slots=True)
class DemoClip:
    """One clip to publish, and what is known of it."""

    clip_id: str
    name: str
    data: bytes
    disturbed: str
    kind: Literal["work", "outside", "broken"]
    work_id: str | None = None

    def judge(self, match: Match) -> bool | None:
        """Whether the answer is right; None for what is broken, whose answer is neither."""
        if self.kind == "broken":
            return None
        if self.kind == "outside":
            return match.status == "unknown"
        return match.status == "matched" and match.candidates[0].work_id == self.work_id


def clips_of_works(
    scores: Sequence[ImportedWork], count: int, rng: np.random.Generator, manner: Manner = DISTURBED
) -> list[DemoClip]:
    """Cut clips of 5-10 s from works, and play them in this ``manner``."""
    clips: list[DemoClip] = []
    while len(clips) < count:
        score = scores[int(rng.integers(len(scores)))]
        tempo_ratio = float(2.0 ** rng.uniform(-manner.tempo_octaves, manner.tempo_octaves))
        part = _cut(read_midi(score.midi), tempo_ratio * float(rng.uniform(5.0, 10.0)), rng)
        if part is None:
            continue
        semitones = int(rng.integers(manner.lowest_shift, manner.highest_shift + 1))
        played = transpose(perform(part, manner.player, rng), semitones, tempo_ratio)
        clip_id = f"demo-{len(clips):03d}"
        disturbed = f"key {semitones:+d}, tempo ×{tempo_ratio:.2f}"
        name = f"{score.composer}: {score.title}"
        clips.append(DemoClip(clip_id, name, write_midi(played), disturbed, "work", score.work_id))
    return clips


def clips_outside(count: int, rng: np.random.Generator) -> list[DemoClip]:
    """Improvised on the spot: random walks in two voices, so in no catalogue."""
    clips = []
    for number in range(count):
        steps = 30
        melody = 72 + np.cumsum(rng.integers(-4, 5, steps)).clip(-12, 12)
        bass = 48 + np.cumsum(rng.integers(-5, 6, steps)).clip(-12, 12)
        onset_s = np.cumsum(rng.choice((0.2, 0.3, 0.4), steps))
        notes = Notes.of(
            np.concatenate([onset_s, onset_s]),
            np.concatenate([melody, bass]),
            np.full(2 * steps, 0.2),
            np.full(2 * steps, 80),
        )
        name = f"improvisation {number + 1}"
        clips.append(DemoClip(f"demo-outside-{number}", name, write_midi(notes), "in no catalogue", "outside"))
    return clips


def broken_clips(whole: bytes) -> list[DemoClip]:
    """Files as they arrive in real life: not MIDI, cut short, empty, without a note."""
    no_notes = b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0"
    files = {
        "a letter.mid": b"Dear musicians, please find attached the score.",
        "half a download.mid": whole[: len(whole) // 2],
        "nothing.mid": b"",
        "silence.mid": no_notes,
    }
    return [
        DemoClip(f"demo-broken-{number}", name, data, "broken on purpose", "broken")
        for number, (name, data) in enumerate(files.items())
    ]


def _cut(notes: Notes, length_s: float, rng: np.random.Generator, least_notes: int = 25) -> Notes | None:
    latest_s = notes.onset_s[-1] - length_s
    if latest_s <= 0:
        return None
    start_s = float(rng.uniform(0.0, latest_s))
    part = notes.between(start_s, start_s + length_s)
    return part if len(part) >= least_notes else None
