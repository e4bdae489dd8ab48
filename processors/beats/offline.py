"""The beats of a whole file: each onset is judged by what comes before it and by what comes after.

Two networks read the file, one from each end, and the bar pointer goes over what they say both ways (`smoothing`).
Beats are the best path over the onsets, with the smoothed beat length as guide (after Ellis, "Beat tracking by dynamic
programming", JNMR 36(1), 2007), and bars the best path over the beats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.identify.compiled import compiled
from processors.notes import Notes

from .bars import METRE_OF, PLACE_OF, best_places
from .frames import frames_of
from .network import BACKWARDS, BeatNetwork
from .smoothing import smooth
from .tracker import Beat

LONGEST_GAP_S = 6.0
"""Beats are not joined over a longer silence."""
LEAST_GAP = 0.55
"""No beat sooner after another than this share of the beat's length."""
ESTRANGED = 4.0
"""The most that an uneven step costs."""
UNHEARD = 0.35
"""The downbeat activation of a beat without onset: it says nothing."""


@dataclass(frozen=True, slots=True)
class OfflineSettings:
    """How a whole file is weighed; fitted on simulated performances and on POP909 songs that are not measured on.

    Attributes:
        bias, by_network, by_pointer: of the log odds that an onset is a beat.
        uneven: cost of a squared deviation from the beat's length, in logarithms.
        skipped: cost of a beat without onset.
        most_skipped: so many in a row at most.
        bar_trust: the power of the downbeat activations.
    """

    bias: float = 0.5
    by_network: float = 0.5
    by_pointer: float = 0.4
    uneven: float = 8.0
    skipped: float = 0.5
    most_skipped: int = 3
    bar_trust: float = 1.2


class OfflineBeats:
    """Finds the beats of whole pieces; safe to use from many threads.

    Args:
        forwards: the network that hears live music.
        backwards: the one that hears pieces from their end.
    """

    def __init__(
        self,
        forwards: BeatNetwork | None = None,
        backwards: BeatNetwork | None = None,
        settings: OfflineSettings | None = None,
    ) -> None:
        self._forwards = forwards or BeatNetwork()
        self._backwards = backwards or BeatNetwork(BACKWARDS)
        self._settings = settings or OfflineSettings()

    def beats_of(self, notes: Notes) -> list[Beat]:
        """The beats of a piece, in order; each knows when the next one really is."""
        time_s, features = frames_of(notes)
        if not len(time_s):
            return []
        after = self._backwards.run(features[::-1])[::-1]
        return decode(time_s, _both(self._forwards.run(features), after), self._settings)


def _both(forwards: NDArray[np.float32], backwards: NDArray[np.float32]) -> NDArray[np.float64]:
    """Two networks' activations as one: the mean of their log odds, float64 [frames, 2]."""
    return np.asarray(1.0 / (1.0 + np.exp(-0.5 * (_logit(forwards) + _logit(backwards)))))


def decode(time_s: NDArray[np.float64], activation: NDArray[np.float64], known: OfflineSettings) -> list[Beat]:
    """The beats of a piece's activations.

    Args:
        time_s: float64 [frames], of the onsets, in order.
        activation: float64 [frames, 2], beat and downbeat, 0-1.
    """
    chance, period_s = smooth(time_s, activation[:, 0])
    odds = known.bias + known.by_network * _logit(activation[:, 0]) + known.by_pointer * _logit(chance)
    sure = 1.0 / (1.0 + np.exp(-odds))
    first = activation[:, 1] / np.maximum(activation[:, 0], 1e-3)
    rows: list[tuple[float, float, float]] = []
    before = -1
    path = _best_onsets(time_s, odds, period_s, known.uneven, known.skipped, known.most_skipped)
    for frame in path.tolist():
        gap_s = time_s[frame] - time_s[before]
        if before >= 0 and gap_s < LONGEST_GAP_S:
            count = _beats_within(gap_s, period_s[frame], known)
            share = np.arange(1, count) / count
            unheard = min(sure[before], sure[frame]) * 0.8
            rows += [(time_s[before] + gap_s * part, unheard, UNHEARD) for part in share]
        rows.append((time_s[frame], sure[frame], first[frame]))
        before = frame
    if not rows:
        return []
    at_s, confidence, downbeat = np.array(rows).T
    return _told(at_s, confidence, best_places(downbeat, known.bar_trust), np.interp(at_s, time_s, period_s))


def _told(
    at_s: NDArray[np.float64], sure: NDArray[np.float64], place: NDArray[np.int64], period_s: NDArray[np.float64]
) -> list[Beat]:
    next_s = np.append(at_s[1:], at_s[-1] + period_s[-1])
    return [
        Beat(
            float(at_s[n]),
            int(PLACE_OF[place[n]]) + 1,
            bool(PLACE_OF[place[n]] == 0),
            int(METRE_OF[place[n]]),
            60.0 / float(period_s[n]),
            float(sure[n]),
            float(next_s[n]),
        )
        for n in range(len(at_s))
    ]


@compiled
def _best_onsets(
    time_s: NDArray[np.float64],
    odds: NDArray[np.float64],
    period_s: NDArray[np.float64],
    uneven: float,
    skipped: float,
    most_skipped: int,
) -> NDArray[np.int64]:
    """Which onsets are beats: the path with the highest odds whose steps are about a beat long, or a few beats."""
    count = len(odds)
    score = odds.copy()
    came_from = np.full(count, -1)
    best = 0
    for frame in range(count):
        total = 0.0
        for earlier in range(frame - 1, -1, -1):
            gap_s = time_s[frame] - time_s[earlier]
            if gap_s > LONGEST_GAP_S:
                break
            length_s = 0.5 * (period_s[frame] + period_s[earlier])
            if gap_s < LEAST_GAP * length_s:
                continue
            beats = min(max(round(gap_s / length_s), 1), most_skipped + 1)
            off = np.log(gap_s / (beats * length_s))
            cost = min(uneven * off * off, ESTRANGED) + skipped * (beats - 1)
            if score[earlier] - cost > total:
                total = score[earlier] - cost
                came_from[frame] = earlier
        score[frame] += total
        if score[frame] > score[best]:
            best = frame
    path = np.empty(count, np.int64)
    length = 0
    while best >= 0:
        path[length] = best
        length += 1
        best = came_from[best]
    return path[:length][::-1].copy()


def _beats_within(gap_s: float, period_s: float, known: OfflineSettings) -> int:
    return min(max(round(gap_s / period_s), 1), known.most_skipped + 1)


def _logit(chance: NDArray[np.floating]) -> NDArray[np.float64]:
    inside = np.clip(chance.astype(np.float64), 1e-4, 1.0 - 1e-4)
    return np.log(inside / (1.0 - inside))
