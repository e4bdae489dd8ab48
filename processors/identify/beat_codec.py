"""Score beats in a few bytes: only where the tempo or the metre changes is kept.

The bytes are numbers in LEB128: the beats; the number of tempo knots, then for each the beats and the time since the
one before, between which beats are evenly spaced; then for each change of metre the beats since the one before, beats
in a bar, and the position in the bar there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from processors.score_beats import ScoreBeats

TIME_UNIT_S = 1e-4
EVEN_S = 1e-7
"""A beat is a knot when the distances to its neighbours differ by more."""


def encode_beats(beats: ScoreBeats | None) -> bytes:
    """The beats in bytes; none give none. Times are kept to half a ``TIME_UNIT_S``."""
    if beats is None:
        return b""
    uneven = np.abs(np.diff(beats.time_s, 2)) > EVEN_S
    knot = np.concatenate([[0], np.flatnonzero(uneven) + 1, [len(beats) - 1]])
    ticks = np.rint(beats.time_s[knot] / TIME_UNIT_S).astype(np.int64)
    runs_on = beats.position[:-1] % beats.beats_per_bar[:-1] + 1 == beats.position[1:]
    same_metre = beats.beats_per_bar[:-1] == beats.beats_per_bar[1:]
    metre = np.concatenate([[0], np.flatnonzero(~(runs_on & same_metre)) + 1])
    knots = np.column_stack((np.diff(knot, prepend=0), np.diff(ticks, prepend=0)))
    metres = np.column_stack((np.diff(metre, prepend=0), beats.beats_per_bar[metre], beats.position[metre]))
    return _pack([len(beats), len(knot), *knots.ravel().tolist(), *metres.ravel().tolist()])


def decode_beats(data: bytes) -> ScoreBeats | None:
    """The beats that ``encode_beats`` put into ``data``."""
    if not data:
        return None
    count, knots, *rest = _unpack(data)
    knot, ticks = np.array(rest[: 2 * knots]).reshape(-1, 2).cumsum(axis=0).T
    metre = np.array(rest[2 * knots :]).reshape(-1, 3)
    index = np.arange(count)
    start = metre[:, 0].cumsum()
    length = np.diff(start, append=count)
    beats_per_bar = np.repeat(metre[:, 1], length)
    position = (index + np.repeat(metre[:, 2] - 1 - start, length)) % beats_per_bar + 1
    return ScoreBeats(np.interp(index, knot, ticks * TIME_UNIT_S), position, beats_per_bar)


def _pack(numbers: list[int]) -> bytes:
    packed = bytearray()
    for number in numbers:
        while number > 127:
            packed.append(number & 127 | 128)
            number >>= 7
        packed.append(number)
    return bytes(packed)


def _unpack(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
