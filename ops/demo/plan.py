"""What one run of the demo plays, chosen by a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from connectors.importers import ImportedWork
from processors.midi import read_midi, write_midi
from processors.training.performances import Player, perform, transpose

from .material import DemoClip, broken_clips, clips_of_works, clips_outside
from .sound import sung_clip

LIVE_WORK = "maple_leaf_rag"
LIVE_SHIFT = 2
PIANIST = Player(dropped=0.03, added=0.03, jitter_ms=15.0)
OUTSIDE_CLIPS = 6


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """The clips in the order in which they are published, and the piece for the live player.

    Attributes:
        live: the work that the live player plays.
        live_midi: the performance as a MIDI file.
        live_work_s: the length of the work, seconds of its own time.
        sung: its tune as a sound file, whose instruments are asked for.
    """

    clips: Sequence[DemoClip]
    live: ImportedWork
    live_midi: bytes
    live_work_s: float
    sung: bytes


def make_plan(works: Sequence[ImportedWork], clips: int, live_seconds: float, seed: int) -> DemoPlan:
    """Clips of works with some from outside and some broken ones among them, and a rag for the live player."""
    rng = np.random.default_rng(seed)
    good = clips_of_works(works, clips, rng)
    mixed = [*good, *clips_outside(OUTSIDE_CLIPS, rng), *broken_clips(good[0].data)]
    live = next((work for work in works if LIVE_WORK in work.path), works[0])
    score = read_midi(live.midi)
    played = transpose(perform(score, PIANIST, rng), LIVE_SHIFT, 1.0).between(0.0, live_seconds)
    order = rng.permutation(len(mixed))
    return DemoPlan([mixed[number] for number in order], live, write_midi(played), score.end_s, sung_clip(score, rng))
