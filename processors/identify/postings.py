"""Postings: for every token the notes that it starts from, sorted by token, then pitch, then note.

A posting is a note's number within its segment, three bytes. Its pitch is that of the note, so one index answers for
every key: a known transposition reads the part of a token's list that has one pitch, another transposition reads
another part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import Int, compiled
from .tokens import TOKEN_COUNT

POSTING_BYTES = 3
MAX_NOTES = 1 << (8 * POSTING_BYTES)
"""Notes that one segment can hold at the most."""

PITCH_MASK = 127
"""The pitch bits of a stored note; the bit above marks the first note of an onset group."""


def sort_postings(
    token: NDArray[np.int32], note: NDArray[np.int32], stored: NDArray[np.uint8]
) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Sort (token, note) pairs, notes ascending, into lists.

    Returns:
        uint32 [TOKEN_COUNT + 1], where each token's list starts, in postings; and uint8 [3 * postings].
    """
    starts = np.zeros(TOKEN_COUNT + 1, np.uint32)
    np.cumsum(np.bincount(token, minlength=TOKEN_COUNT), out=starts[1:])
    return starts, _fill(token, note, stored, starts)


def unsort_postings(
    starts: NDArray[np.uint32], packed: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The (token, note) pairs of an index, by note: the inverse of ``sort_postings``."""
    token = np.repeat(np.arange(TOKEN_COUNT, dtype=np.int32), np.diff(starts).astype(np.int64))
    triples = packed.reshape(-1, POSTING_BYTES).astype(np.int32)
    note = triples[:, 0] | triples[:, 1] << 8 | triples[:, 2] << 16
    order = np.argsort(note, kind="stable")
    return token[order], note[order]


@compiled
def _fill(
    token: NDArray[np.int32], note: NDArray[np.int32], stored: NDArray[np.uint8], starts: NDArray[np.uint32]
) -> NDArray[np.uint8]:
    # Two stable counting sorts: by pitch, then by token.
    count = len(token)
    by_pitch = np.zeros(129, np.int64)
    for i in range(count):
        by_pitch[(stored[note[i]] & PITCH_MASK) + 1] += 1
    for p in range(128):
        by_pitch[p + 1] += by_pitch[p]
    order = np.empty(count, np.int32)
    for i in range(count):
        p = stored[note[i]] & PITCH_MASK
        order[by_pitch[p]] = i
        by_pitch[p] += 1
    place = starts.astype(np.int64)
    packed = np.empty(POSTING_BYTES * count, np.uint8)
    for k in range(count):
        i = order[k]
        at = POSTING_BYTES * place[token[i]]
        place[token[i]] += 1
        value = note[i]
        packed[at] = value & 255
        packed[at + 1] = (value >> 8) & 255
        packed[at + 2] = (value >> 16) & 255
    return packed


@compiled
def posting(packed: NDArray[np.uint8], k: Int) -> Int:
    """The note of posting ``k``."""
    at = POSTING_BYTES * k
    return np.int64(packed[at]) | np.int64(packed[at + 1]) << 8 | np.int64(packed[at + 2]) << 16


@compiled
def first_of_pitch(packed: NDArray[np.uint8], stored: NDArray[np.uint8], start: Int, end: Int, pitch: Int) -> Int:
    """The first posting of a list in [start, end) whose pitch is at least ``pitch``."""
    while start < end:
        middle = (start + end) >> 1
        if (stored[posting(packed, middle)] & PITCH_MASK) < pitch:
            start = middle + 1
        else:
            end = middle
    return start
