"""A bar pointer: how likely every tempo and every place within the beat is, given the activations so far.

A hidden Markov model on a grid (Whiteley, Cemgil and Godsill, "Bayesian modelling of temporal structure in musical
audio", ISMIR 2006), whose steps are onset clusters instead of frames: the pointer moves by the time since
the last.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processors.identify.compiled import compiled

TEMPI = 52
"""Rows, in equal steps of the logarithm."""
PHASES = 40
"""Columns: places within a beat."""
SLOWEST_BPM, FASTEST_BPM = 26.0, 330.0
PERIOD_S = 60.0 / np.exp(np.linspace(np.log(SLOWEST_BPM), np.log(FASTEST_BPM), TEMPI))
TEMPO_STEP = float(np.log(FASTEST_BPM / SLOWEST_BPM) / (TEMPI - 1))

FLOOR = 1e-5
"""Places this much less likely than the likeliest are taken as impossible; it keeps the state small."""
USUAL_BPM, SPREAD = 95.0, 0.55
"""The tempo before anything is heard: log-normal."""

# What ``pointer_step`` is told besides, by place.
WANDER, JUMP, WINDOW_S, WINDOW_BEATS, TRUST, MISSED, BEAT_PRIOR = range(7)
DEFAULTS = np.array([0.02, 0.01, 0.030, 0.05, 0.85, 0.6, 0.13])
"""Tempo's wandering a beat (logarithm); chance a beat of any tempo; the window of a beat, seconds and beats (both are
added); the power of the activations; the cost of a beat without onset; the mean activation of a frame.
"""


def new_pointer() -> NDArray[np.float32]:
    """Before anything is heard: float32 [TEMPI, PHASES], sums to 1."""
    tempo = np.exp(-0.5 * (np.log(60.0 / PERIOD_S / USUAL_BPM) / SPREAD) ** 2)
    pointer = np.repeat(tempo[:, None], PHASES, 1)
    return np.asarray(pointer / pointer.sum(), np.float32)


@compiled
def pointer_step(
    pointer: NDArray[np.float32],
    gap_s: float,
    beat: float,
    period_s: NDArray[np.float64],
    settings: NDArray[np.float64],
) -> float:
    """Move the pointer by a gap, and weigh it by an onset's beat activation.

    Args:
        pointer: float32 [TEMPI, PHASES]; changed.
        gap_s: time since the last onset.
        beat: the activation, 0-1.
        period_s, settings: ``PERIOD_S`` and, for instance, ``DEFAULTS``.

    Returns:
        the probability that the onset is on a beat.
    """
    tempi, phases = pointer.shape
    moved = np.zeros((tempi, phases))
    for k in range(tempi):
        advance = gap_s / period_s[k]
        window = min((settings[WINDOW_S] / period_s[k] + settings[WINDOW_BEATS]) * 1.5, 0.3)
        for j in range(phases):
            if pointer[k, j] == 0.0:
                continue
            place = (j / phases) + advance
            beats = np.floor(place)
            passed = beats
            if beats > 0.0 and j / phases > 1.0 - window:
                passed -= 1.0
            if passed > 0.0 and place - beats < window:
                passed -= 1.0
            mass = pointer[k, j] * settings[MISSED] ** min(passed, 8.0)
            at = (place - beats) * phases
            low = int(at)
            part = at - low
            low %= phases
            moved[k, low] += mass * (1.0 - part)
            moved[k, (low + 1) % phases] += mass * part
    _spread_tempo(moved, gap_s, period_s, settings)
    chance = min(max(beat, 0.005), 0.995)
    on = (chance / settings[BEAT_PRIOR]) ** settings[TRUST]
    off = ((1.0 - chance) / (1.0 - settings[BEAT_PRIOR])) ** settings[TRUST]
    total, on_total = 0.0, 0.0
    for k in range(tempi):
        window = settings[WINDOW_S] / period_s[k] + settings[WINDOW_BEATS]
        for j in range(phases):
            away = min(j / phases, 1.0 - j / phases) / window
            near = np.exp(-0.5 * away * away)
            on_mass = moved[k, j] * near * on
            moved[k, j] = on_mass + moved[k, j] * (1.0 - near) * off
            total += moved[k, j]
            on_total += on_mass
    if not total > 1e-30:
        pointer[:] = 1.0 / (tempi * phases)
        return 0.0
    highest = moved.max()
    kept = 0.0
    for k in range(tempi):
        for j in range(phases):
            if moved[k, j] < FLOOR * highest:
                moved[k, j] = 0.0
            kept += moved[k, j]
    for k in range(tempi):
        for j in range(phases):
            pointer[k, j] = moved[k, j] / kept
    return on_total / total


@compiled
def _spread_tempo(
    moved: NDArray[np.float64], gap_s: float, period_s: NDArray[np.float64], settings: NDArray[np.float64]
) -> None:
    """Tempi wander to their neighbours, and now and then to any other at the same place."""
    tempi, phases = moved.shape
    step = np.log(period_s[0] / period_s[1])
    before = moved.copy()
    everywhere = np.zeros(phases)
    for k in range(tempi):
        jump = 1.0 - (1.0 - settings[JUMP]) ** min(gap_s / period_s[k], 4.0)
        for j in range(phases):
            everywhere[j] += before[k, j] * jump / tempi
            before[k, j] *= 1.0 - jump
    for k in range(tempi):
        for j in range(phases):
            moved[k, j] = everywhere[j]
    for k in range(tempi):
        variance = settings[WANDER] ** 2 * min(gap_s / period_s[k], 4.0) / (step * step)
        # A walk of three points; wide ones go two rows at a time.
        reach = 1
        while variance / (reach * reach) > 0.6:
            reach += 1
        side = 0.5 * variance / (reach * reach)
        up, down = min(k + reach, tempi - 1), max(k - reach, 0)
        for j in range(phases):
            mass = before[k, j]
            if mass > 0.0:
                moved[k, j] += mass * (1.0 - 2.0 * side)
                moved[up, j] += mass * side
                moved[down, j] += mass * side


@compiled
def tempo_on_beat(pointer: NDArray[np.float32], period_s: NDArray[np.float64], around_s: float) -> tuple[float, float]:
    """The beat's length among the places near a beat, and the share of the mass that agrees with it within a fifth.

    Args:
        around_s: only tempi within a factor of 1.3 of this length, if it is above 0 and they hold a fifth of the mass.
    """
    tempi, phases = pointer.shape
    mass = np.zeros(tempi)
    reach = phases // 8
    for k in range(tempi):
        for j in range(-reach, reach + 1):
            mass[k] += pointer[k, j % phases]
    best, best_mass = 0, -1.0
    for k in range(1, tempi - 1):
        here = mass[k - 1] + mass[k] + mass[k + 1]
        if around_s > 0.0 and abs(np.log(period_s[k] / around_s)) < 0.26:
            here *= 1.3
        if here > best_mass:
            best, best_mass = k, here
    total, log_mean, agree = 1e-30, 0.0, 0.0
    for k in range(tempi):
        total += mass[k]
        if abs(k - best) <= 4:
            agree += mass[k]
            log_mean += mass[k] * np.log(period_s[k])
    if agree <= 0.0:
        return period_s[best], 0.0
    return np.exp(log_mean / agree), agree / total
