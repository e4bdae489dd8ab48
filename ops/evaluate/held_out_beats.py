"""Beats of simulated performances of works that nothing was trained on: networks are chosen by them, not by ASAP."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from processors.beats import LiveBeats, StepNetwork
from processors.training.beats.performance import perform_work
from processors.training.beats.pool import HOLD_OUT, shares
from processors.training.beats.works import BeatWork

from .beats import f_measure, listen

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
    held_out = list(works[::HOLD_OUT])
    share = shares(held_out)
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = {"held_out_beat": [], "held_out_downbeat": []}
    for number in rng.choice(len(held_out), performances, p=share / share.sum()):
        played = perform_work(held_out[number], rng)
        within = played.beat_s < LENGTH_S
        told = listen(LiveBeats(network, None), played.notes.between(0.0, LENGTH_S), [])
        found["held_out_beat"].append(f_measure(played.beat_s[within], np.array([beat.time_s for beat in told])))
        found["held_out_downbeat"].append(
            f_measure(
                played.beat_s[within & (played.position == 0)],
                np.array([beat.time_s for beat in told if beat.downbeat]),
            )
        )
    return {
        name: (round(float(np.mean(values)), 4), round(float(np.std(values)) / performances**0.5, 4))
        for name, values in found.items()
    }
