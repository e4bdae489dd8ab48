"""Records as an Avro object container file, which other programs read at their own speed."""

from __future__ import annotations

from typing import Any

import orjson

MAGIC = b"Obj\x01"
SYNC = b"continuo-records"
"""Sixteen bytes that end each block."""


def container(schema: Any, bodies: bytes, count: int) -> bytes:
    """One file of one block.

    Args:
        schema: of the records, as JSON gives it.
        bodies: the records without headers, one after the other.
        count: how many there are.
    """
    text = orjson.dumps(schema)
    meta = [b"avro.schema", text, b"avro.codec", b"null"]
    head = MAGIC + varint(len(meta) // 2) + b"".join(varint(len(part)) + part for part in meta) + varint(0) + SYNC
    return b"".join([head, varint(count), varint(len(bodies)), bodies, SYNC])


def varint(value: int) -> bytes:
    """A non-negative number as Avro writes it."""
    left = value << 1
    out = bytearray()
    while left >= 0x80:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)
