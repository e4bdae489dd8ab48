"""The checksums of an Ogg file's first pages, which hold what a decoder is set up by.

libsndfile 1.2.2 keeps 5 KB of each damaged Ogg file that it refuses to open; so it is not given any. The container is
described in RFC 3533.
"""

from __future__ import annotations

import struct
from functools import cache

MAGIC = b"OggS"
PAGE = struct.Struct("<4sBBqIIIB")
"""Capture pattern, version, kind, granule position, serial number, page number, checksum, how many segments follow."""
CHECKSUM_AT = 22
POLYNOMIAL = 0x04C11DB7
HEAD_BYTES = 64 << 10
"""So much of the file is looked at at the most; setting up takes a few KB, and pictures may follow."""


def is_damaged(data: bytes) -> bool:
    """Whether one of the pages before the sound is cut off or has another checksum than it should."""
    at = 0
    while at < min(len(data), HEAD_BYTES):
        if len(data) < at + PAGE.size:
            return True
        magic, version, _, granule, _, _, checksum, segments = PAGE.unpack_from(data, at)
        begin = at + PAGE.size + segments
        end = begin + sum(data[at + PAGE.size : begin])
        if magic != MAGIC or version != 0 or len(data) < end:
            return True
        page = bytearray(data[at:end])
        page[CHECKSUM_AT : CHECKSUM_AT + 4] = bytes(4)
        if _checksum(page) != checksum:
            return True
        if granule > 0:  # the sound begins
            return False
        at = end
    return False


def _checksum(page: bytes | bytearray) -> int:
    table, crc = _table(), 0
    for byte in page:
        crc = ((crc << 8) & 0xFFFFFFFF) ^ table[(crc >> 24) ^ byte]
    return crc


@cache
def _table() -> tuple[int, ...]:
    rows = []
    for index in range(256):
        crc = index << 24
        for _ in range(8):
            crc = ((crc << 1) ^ (POLYNOMIAL if crc & 0x80000000 else 0)) & 0xFFFFFFFF
        rows.append(crc)
    return tuple(rows)
