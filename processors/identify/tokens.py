"""Tokens: what notes are looked up by, free of key and tempo.

Three kinds, each a small integer:

* a chain: a note, the pitch-nearest note of the next onset group, and the pitch-nearest of the one after. It follows
  a voice. Its token is the two intervals and the ratio of the two time gaps in half octaves.
* a chord: a note, its chord mate below, and the pitch-nearest note of the next group; two intervals, no time.
* a melody: three notes in a row of the work's top line, with intervals and ratio like a chain.

A work has few tokens a note, a query many: redundancy in the query costs time, in the index space. After Arzt, Boeck
and Widmer, "Fast Identification of Piece and Score Position via Symbolic Fingerprinting" (ISMIR 2012), with other
tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .compiled import Int, compiled
from .groups import TOLERANCE_MS, Grouped, group_notes

REACH = 24
"""Intervals up to this many semitones have a token."""
SPAN = 2 * REACH + 1
RATIO_REACH = 4
RATIOS = 2 * RATIO_REACH + 1
"""Bins of the ratio of two gaps, half an octave wide; the outermost hold all that is beyond."""
MATE_REACH = 36
"""Chord mates up to this many semitones below have a token."""

CHORD_BASE = SPAN * SPAN * RATIOS
MELODY_BASE = CHORD_BASE + MATE_REACH * SPAN
TOKEN_COUNT = MELODY_BASE + SPAN * SPAN * RATIOS

MATE_WINDOW_MS = 70.0
"""Players spread chords: in a query, notes this close may be chord mates."""


WIDE_TOLERANCE_MS = 75.0
"""The second grouping of a wide search."""

SLACK_MS = 5.0
WIDE_SLACK_MS = 20.0
"""How far a time gap may be off through jitter; more ratio bins are looked up for short gaps."""
RATIO_SLACK = 0.35
"""How far a ratio may be off through rubato, half octaves."""


class Tokens(NamedTuple):
    """Tokens with the note that each starts from.

    Attributes:
        token: int32 [tokens], below ``TOKEN_COUNT``.
        note: int32 [tokens], index of the note, ascending.
    """

    token: NDArray[np.int32]
    note: NDArray[np.int32]


class QueryTokens(NamedTuple):
    """Tokens of a query.

    Attributes:
        token: int32 [tokens].
        note: int32 [tokens], index of the note in the query, ascending.
        pitch: uint8 [tokens], that note's pitch.
    """

    token: NDArray[np.int32]
    note: NDArray[np.int32]
    pitch: NDArray[np.uint8]


def reference_tokens(grouped: Grouped, melody: NDArray[np.int32]) -> Tokens:
    """The few tokens of a work. ``melody`` holds the indices of its top line's notes, int32."""
    starts = group_starts(grouped)
    return Tokens(*_reference_tokens(grouped.pitch, grouped.group, starts, grouped.onset_ms, melody))


def query_tokens(notes: Notes, wide: bool) -> QueryTokens:
    """The many tokens of a query; ``wide`` adds those that survive wrong, missing and added notes.

    Jitter tears chords apart: the wide search groups notes by a second, larger tolerance too.
    """
    tokens, index = [], []
    for tolerance_ms in (TOLERANCE_MS, WIDE_TOLERANCE_MS) if wide else (TOLERANCE_MS,):
        grouped = group_notes(notes, tolerance_ms)
        token, note = _query_tokens(
            grouped.pitch,
            grouped.group,
            group_starts(grouped),
            grouped.onset_ms,
            grouped.note_ms,
            2 if wide else 1,
            WIDE_SLACK_MS if wide else SLACK_MS,
        )
        tokens.append(token)
        index.append(grouped.source[note])
    token = np.concatenate(tokens)
    note = np.concatenate(index)
    order = np.lexsort((token, note))
    token, note = token[order], note[order]
    first = np.ones(len(token), bool)
    first[1:] = (token[1:] != token[:-1]) | (note[1:] != note[:-1])
    token, note = token[first], note[first]
    return QueryTokens(token, note.astype(np.int32), notes.pitch[note])


def group_starts(grouped: Grouped) -> NDArray[np.int32]:
    """Index of each group's first note, with the number of notes at the end, int32 [groups + 1]."""
    return np.searchsorted(grouped.group, np.arange(len(grouped.onset_ms) + 1)).astype(np.int32)


@compiled
def _nearest(pitch: NDArray[np.uint8], start: Int, end: Int, target: Int) -> Int:
    best = start
    for i in range(start + 1, end):
        if abs(np.int64(pitch[i]) - target) < abs(np.int64(pitch[best]) - target):
            best = i
    return best


@compiled
def _second_nearest(pitch: NDArray[np.uint8], start: Int, end: Int, target: Int, nearest: Int) -> Int:
    best = -1
    for i in range(start, end):
        if i != nearest and (best < 0 or abs(np.int64(pitch[i]) - target) < abs(np.int64(pitch[best]) - target)):
            best = i
    return best


@compiled
def _octaves(first_ms: float, second_ms: float) -> float:
    """Ratio of two gaps in half octaves, within the reach."""
    value = 2.0 * np.log2(max(second_ms, 1.0) / max(first_ms, 1.0))
    return float(min(max(value, -float(RATIO_REACH)), float(RATIO_REACH)))


@compiled
def _chain_token(base: Int, first: Int, second: Int, ratio: Int) -> Int:
    """-1 when an interval is out of reach."""
    if abs(first) > REACH or abs(second) > REACH:
        return -1
    return base + ((first + REACH) * SPAN + second + REACH) * RATIOS + ratio + RATIO_REACH


@compiled
def _chord_token(mate: Int, following: Int) -> Int:
    if mate < 1 or mate > MATE_REACH or abs(following) > REACH:
        return -1
    return CHORD_BASE + (mate - 1) * SPAN + following + REACH


@compiled
def _reference_tokens(
    pitch: NDArray[np.uint8],
    group: NDArray[np.int32],
    starts: NDArray[np.int32],
    onset_ms: NDArray[np.float64],
    melody: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    count = len(pitch)
    groups = len(onset_ms)
    tokens = np.empty(3 * count, np.int32)
    notes = np.empty(3 * count, np.int32)
    used = 0
    line = 0
    for i in range(count):
        here = np.int64(pitch[i])
        g = group[i]
        chain = -1
        if g + 1 < groups:
            second = _nearest(pitch, starts[g + 1], starts[g + 2], here)
            rise = np.int64(pitch[second]) - here
            if i > starts[g]:
                token = _chord_token(here - np.int64(pitch[i - 1]), rise)
                if token >= 0:
                    tokens[used] = token
                    notes[used] = i
                    used += 1
            if g + 2 < groups:
                third = _nearest(pitch, starts[g + 2], starts[g + 3], np.int64(pitch[second]))
                ratio = int(np.rint(_octaves(onset_ms[g + 1] - onset_ms[g], onset_ms[g + 2] - onset_ms[g + 1])))
                chain = _chain_token(0, rise, np.int64(pitch[third]) - np.int64(pitch[second]), ratio)
                if chain >= 0:
                    tokens[used] = chain
                    notes[used] = i
                    used += 1
        while line < len(melody) and melody[line] < i:
            line += 1
        if line + 2 < len(melody) and melody[line] == i:
            b = melody[line + 1]
            c = melody[line + 2]
            ratio = int(np.rint(_octaves(onset_ms[group[b]] - onset_ms[g], onset_ms[group[c]] - onset_ms[group[b]])))
            token = _chain_token(MELODY_BASE, np.int64(pitch[b]) - here, np.int64(pitch[c]) - np.int64(pitch[b]), ratio)
            if token >= 0 and token - MELODY_BASE != chain:
                tokens[used] = token
                notes[used] = i
                used += 1
    return tokens[:used].copy(), notes[:used].copy()


@compiled
def _query_tokens(
    pitch: NDArray[np.uint8],
    group: NDArray[np.int32],
    starts: NDArray[np.int32],
    onset_ms: NDArray[np.float64],
    note_ms: NDArray[np.float64],
    breadth: int,
    slack_ms: float,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    count = len(pitch)
    groups = len(onset_ms)
    most = 16 if breadth == 1 else 128
    tokens = np.empty(most * count, np.int32)
    notes = np.empty(most * count, np.int32)
    found = np.empty(most, np.int32)
    seconds = np.empty(4, np.int32)
    used = 0
    for i in range(count):
        here = np.int64(pitch[i])
        g = group[i]
        n_found = 0
        n_seconds = 0
        for step in range(1, breadth + 1):
            if g + step >= groups:
                break
            first = starts[g + step]
            last = starts[g + step + 1]
            near = _nearest(pitch, first, last, here)
            seconds[n_seconds] = near
            n_seconds += 1
            if breadth > 1:
                other = _second_nearest(pitch, first, last, here, near)
                if other >= 0:
                    seconds[n_seconds] = other
                    n_seconds += 1
        for s in range(n_seconds):
            b = seconds[s]
            rise = np.int64(pitch[b]) - here
            low = max(starts[g] - 12, 0)
            for mate in range(i - 1, low - 1, -1):
                gap = note_ms[i] - note_ms[mate]
                if breadth == 1 and mate < starts[g]:
                    break
                if gap > MATE_WINDOW_MS:
                    continue
                token = _chord_token(here - np.int64(pitch[mate]), rise)
                if token >= 0 and n_found < most:
                    found[n_found] = token
                    n_found += 1
                if breadth == 1:
                    break
            if breadth > 1:
                for mate in range(i + 1, min(i + 8, count)):
                    if note_ms[mate] - note_ms[i] > MATE_WINDOW_MS:
                        break
                    token = _chord_token(here - np.int64(pitch[mate]), rise)
                    if token >= 0 and n_found < most:
                        found[n_found] = token
                        n_found += 1
            h = group[b]
            for step in range(1, breadth + 1):
                if h + step >= groups:
                    break
                first = starts[h + step]
                last = starts[h + step + 1]
                near = _nearest(pitch, first, last, np.int64(pitch[b]))
                other = -1
                if breadth > 1:
                    other = _second_nearest(pitch, first, last, np.int64(pitch[b]), near)
                one_ms = onset_ms[h] - onset_ms[g]
                two_ms = onset_ms[h + step] - onset_ms[h]
                lower = int(np.rint(_octaves(one_ms + slack_ms, two_ms - slack_ms) - RATIO_SLACK))
                upper = int(np.rint(_octaves(one_ms - slack_ms, two_ms + slack_ms) + RATIO_SLACK))
                for c in (near, other):
                    if c < 0:
                        continue
                    for ratio in range(max(lower, -RATIO_REACH), min(upper, RATIO_REACH) + 1):
                        token = _chain_token(0, rise, np.int64(pitch[c]) - np.int64(pitch[b]), ratio)
                        if token >= 0 and n_found + 1 < most:
                            found[n_found] = token
                            n_found += 1
                            if breadth > 1 and s == 0 and step == 1 and c == near:
                                found[n_found] = token + MELODY_BASE
                                n_found += 1
        for k in range(n_found):
            repeated = False
            for m in range(k):
                if found[m] == found[k]:
                    repeated = True
                    break
            if not repeated:
                tokens[used] = found[k]
                notes[used] = i
                used += 1
    return tokens[:used].copy(), notes[:used].copy()
