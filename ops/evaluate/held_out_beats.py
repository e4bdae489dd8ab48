"""Beats of simulated performances of works that nothing was trained on: networks are chosen by them, not by ASAP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from processors.beats import LiveBeats, StepNetwork
from processors.training.beats.performance import perform_work
from processors.training.beats.pool import shares, split
from processors.training.beats.works import BeatWork

from .beat_files import AnnotatedFile
from .beats import Scores, listen

LENGTH_S = 60.0
"""So much of each performance is heard."""


def held_out_beats(
    works: Sequence[BeatWork], network: StepNetwork, performances: int, seed: int
) -> dict[str, tuple[float, float]]:
    """F-measures at 70 ms, causal, of the works that training leaves out, each time played anew.

    Args:
        works: all of them, in the order of training.

    Returns:
        mean and standard error of ``held_out_beat`` and ``held_out_downbeat``.
    """
    _, held_out = split(works)
    share = shares(held_out)
    rng = np.random.default_rng(seed)
    scores = Scores()
    for number in rng.choice(len(held_out), performances, p=share / share.sum()):
        work = held_out[number]
        played = perform_work(work, rng)
        heard = played.notes.between(0.0, LENGTH_S)
        true = AnnotatedFile(Path(work.name), played.beat_s, played.beat_s[played.position == 0]).until(LENGTH_S)
        scores.add(true, heard, listen(LiveBeats(network, None), heard, scores.note_ms))
    found = scores.as_dict()
    return {f"held_out_{name}": (found[name], found[f"{name}_error"]) for name in ("beat", "downbeat")}
