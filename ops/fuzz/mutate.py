"""Damages bytes in the ways that break parsers: flipped bits, odd numbers, parts cut out, repeated and exchanged.

Every input follows from its number and the seed, so a finding can be made again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LARGEST_BYTES = 1 << 16
MOST_CHANGES = 8
ODD = tuple(
    number.to_bytes(width, order, signed=False)
    for width in (1, 2, 4, 8)
    for number in (0, 1, (1 << (8 * width - 1)) - 1, 1 << (8 * width - 1), (1 << 8 * width) - 1)
    for order in ("little", "big")
)
"""Numbers at the edges of their ranges."""


def damaged(wholes: Sequence[bytes], seed: int, number: int) -> bytes:
    """Input ``number``: one of the wholes, damaged in one to eight places, mostly few; each 64th is noise."""
    rng = np.random.default_rng((seed, number))
    if number % 64 == 63:
        return rng.bytes(int(rng.integers(0, 512)))
    data = bytearray(wholes[int(rng.integers(len(wholes)))])
    for _ in range(min(int(rng.geometric(0.5)), MOST_CHANGES)):
        damage(data, wholes, rng)
    return bytes(data[:LARGEST_BYTES])


def damage(data: bytearray, wholes: Sequence[bytes], rng: np.random.Generator) -> None:
    at = int(rng.integers(len(data) + 1))
    some = int(rng.integers(1, 1 + min(32, max(1, len(data)))))
    match int(rng.integers(7)):
        case 0 if at < len(data):
            data[at] ^= 1 << int(rng.integers(8))
        case 1 if at < len(data):
            data[at] = int(rng.integers(256))
        case 2:
            odd = ODD[int(rng.integers(len(ODD)))]
            data[at : at + len(odd)] = odd
        case 3:
            del data[at : at + some]
        case 4:
            data[at:at] = data[at : at + some] * int(rng.integers(1, 9))
        case 5:
            other = wholes[int(rng.integers(len(wholes)))]
            start = int(rng.integers(len(other) + 1))
            data[at : at + some] = other[start : start + some]
        case _:
            del data[at:]
