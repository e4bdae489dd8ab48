"""The compiled loops: one walks over records and checks them, one writes them as JSON.

Numbers follow Avro 1.12: integers as zigzag varints, doubles as eight bytes, strings with their length before them,
arrays as blocks with their counts before them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy as np

from .program import (
    ARRAY,
    ARRAYS_DEEP,
    BOOLEAN,
    BYTES,
    DOUBLE,
    ENUM,
    FLOAT,
    INT,
    LONG,
    MAYBE,
    NEXT,
    STRING,
    TEXT,
)

Int: TypeAlias = Any
"""An integer within a kernel: Python's or one of NumPy's; the compiler knows which."""

F = TypeVar("F", bound=Callable[..., Any])

BAD = -1
INT_TEXT_BYTES = 20
DOUBLE_TEXT_BYTES = 25
INT_MAX = (1 << 31) - 1
VARINT_BYTES = 10


def compiled(function: F) -> F:
    """Machine code, kept on disk, that runs beside other threads."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


@compiled
def read_varint(data: np.ndarray, at: Int, end: Int) -> tuple[Int, Int]:
    """A zigzag varint at ``at``: its value and where it ends, or ``BAD``."""
    value = np.uint64(0)
    shift = np.uint64(0)
    for _ in range(VARINT_BYTES):
        if at >= end:
            return 0, BAD
        byte = data[at]
        at += 1
        value |= np.uint64(byte & 0x7F) << shift
        if byte < 0x80:
            return np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1)), at
        shift += np.uint64(7)
    return 0, BAD


@compiled
def json_length(data: np.ndarray, start: Int, end: Int) -> Int:
    """How many bytes a UTF-8 text takes between the quotes of JSON, or ``BAD`` if it is no UTF-8."""
    length = end - start
    at = start
    while at < end:
        byte = data[at]
        at += 1
        if byte < 0x80:
            if byte == 0x22 or byte == 0x5C:
                length += 1
            elif byte < 0x20:
                short = byte == 0x08 or byte == 0x09 or byte == 0x0A or byte == 0x0C or byte == 0x0D
                length += 1 if short else 5
            continue
        if byte < 0xC2 or byte > 0xF4:
            return BAD
        more = 1 if byte < 0xE0 else (2 if byte < 0xF0 else 3)
        if at + more > end:
            return BAD
        second = data[at]
        low = 0xA0 if byte == 0xE0 else (0x90 if byte == 0xF0 else 0x80)
        high = 0x9F if byte == 0xED else (0x8F if byte == 0xF4 else 0xBF)
        if second < low or second > high:
            return BAD
        for step in range(1, more):
            if data[at + step] & 0xC0 != 0x80:
                return BAD
        at += more
    return length


@compiled
def scan(
    data: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    code: np.ndarray,
    symbols: np.ndarray,
    found: np.ndarray,
    doubles: np.ndarray,
) -> tuple[int, int, int]:
    """Walk over all records and check them.

    Args:
        data: uint8, the records one after the other.
        starts, ends: int64, (records,): where each lies.
        code, symbols: of the ``Program``.
        found: int64, (records, slots, 2), filled: where a text lies, or -1 for null; or a number, and 0.
        doubles: float64, filled with all numbers with a fraction, in order.

    Returns:
        The first record that does not follow the schema to its last byte, or ``BAD`` if all do; how many doubles
        there are; how many bytes of JSON all records are at the most.
    """
    left = np.zeros(ARRAYS_DEEP, np.int64)
    count = 0
    size = 0
    for record in range(len(starts)):
        at = starts[record]
        end = ends[record]
        depth = 0
        pc = 0
        while pc < len(code):
            operation = code[pc, 0]
            slot = code[pc, 3]
            pc += 1
            if operation == TEXT:
                size += code[pc - 1, 2] - code[pc - 1, 1]
            elif operation in (STRING, BYTES):
                length, at = read_varint(data, at, end)
                if at < 0 or length < 0 or length > end - at:
                    return record, count, size
                if operation == STRING:
                    wide = json_length(data, at, at + length)
                    if wide < 0:
                        return record, count, size
                    size += wide + 2
                if slot >= 0:
                    found[record, slot, 0] = at
                    found[record, slot, 1] = at + length
                at += length
            elif operation in (INT, LONG):
                value, at = read_varint(data, at, end)
                if at < 0 or (operation == INT and (value > INT_MAX or value < -INT_MAX - 1)):
                    return record, count, size
                size += INT_TEXT_BYTES
                if slot >= 0:
                    found[record, slot, 0] = value
                    found[record, slot, 1] = 0
            elif operation == DOUBLE:
                if at + 8 > end or count >= len(doubles):
                    return record, count, size
                doubles[count] = data[at : at + 8].view(np.float64)[0]
                count += 1
                size += DOUBLE_TEXT_BYTES
                at += 8
            elif operation == FLOAT:
                if at + 4 > end or count >= len(doubles):
                    return record, count, size
                doubles[count] = data[at : at + 4].view(np.float32)[0]
                count += 1
                size += DOUBLE_TEXT_BYTES
                at += 4
            elif operation == BOOLEAN:
                if at >= end or data[at] > 1:
                    return record, count, size
                size += 5
                at += 1
            elif operation == ENUM:
                value, at = read_varint(data, at, end)
                if at < 0 or value < 0 or value >= code[pc - 1, 2]:
                    return record, count, size
                symbol = code[pc - 1, 1] + value
                size += symbols[symbol, 1] - symbols[symbol, 0]
            elif operation == MAYBE:
                value, at = read_varint(data, at, end)
                if at < 0 or value < 0 or value > 1:
                    return record, count, size
                if value == code[pc - 1, 1]:
                    size += 4
                    if slot >= 0:
                        found[record, slot, 0] = -1
                        found[record, slot, 1] = -1
                    pc = code[pc - 1, 2]
            else:  # an array: its beginning, or the end of one of its items
                if operation == NEXT:
                    left[depth - 1] -= 1
                    size += 1
                    if left[depth - 1] > 0:
                        pc = code[pc - 1, 1]
                        continue
                else:
                    depth += 1
                    size += 2
                value, at = read_varint(data, at, end)
                if at >= 0 and value < 0:  # a block that also says its bytes
                    value = -value
                    _, at = read_varint(data, at, end)
                if at < 0 or value < 0 or value > end - at:
                    return record, count, size
                left[depth - 1] = value
                if operation == NEXT:
                    if value > 0:
                        pc = code[pc - 1, 1]
                    else:
                        depth -= 1
                elif value == 0:
                    depth -= 1
                    pc = code[pc - 1, 1]
        if at != end:
            return record, count, size
    return BAD, count, size


@compiled
def copy(source: np.ndarray, start: Int, end: Int, out: np.ndarray, to: Int) -> Int:
    """Copy bytes to ``out[to]``; returns where they end. A loop beats a slice at a few bytes."""
    for at in range(start, end):
        out[to] = source[at]
        to += 1
    return to


@compiled
def write_text(data: np.ndarray, start: Int, end: Int, out: np.ndarray, to: Int) -> Int:
    """Write UTF-8 as a JSON string to ``out[to]``; returns where it ends."""
    out[to] = 0x22
    to += 1
    for at in range(start, end):
        byte = data[at]
        if byte >= 0x20 and byte != 0x22 and byte != 0x5C:
            out[to] = byte
            to += 1
            continue
        out[to] = 0x5C
        to += 1
        if byte == 0x22 or byte == 0x5C:
            out[to] = byte
        elif byte == 0x08:
            out[to] = 0x62
        elif byte == 0x09:
            out[to] = 0x74
        elif byte == 0x0A:
            out[to] = 0x6E
        elif byte == 0x0C:
            out[to] = 0x66
        elif byte == 0x0D:
            out[to] = 0x72
        else:
            out[to] = 0x75
            out[to + 1] = 0x30
            out[to + 2] = 0x30
            out[to + 3] = 0x30 + (byte >> 4)
            low = byte & 0x0F
            out[to + 4] = 0x30 + low if low < 10 else 0x57 + low
            to += 4
        to += 1
    out[to] = 0x22
    return to + 1


@compiled
def write_integer(value: Int, out: np.ndarray, to: Int) -> Int:
    """Write a number in decimals to ``out[to]``; returns where it ends."""
    left = np.uint64(value)
    if value < 0:
        out[to] = 0x2D
        to += 1
        left = np.uint64(-(value + 1)) + np.uint64(1)  # the lowest number has no positive counterpart
    digits = 1
    power = left
    while power >= np.uint64(10):
        power //= np.uint64(10)
        digits += 1
    for place in range(to + digits - 1, to - 1, -1):
        out[place] = np.uint8(0x30) + np.uint8(left % np.uint64(10))
        left //= np.uint64(10)
    return to + digits


@compiled
def write_json(
    data: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    code: np.ndarray,
    literals: np.ndarray,
    symbols: np.ndarray,
    numbers: np.ndarray,
    out: np.ndarray,
    out_ends: np.ndarray,
) -> None:
    """Write records that ``scan`` found right as JSON, one after the other.

    Args:
        data, starts, ends, code, symbols: as for ``scan``.
        literals: of the ``Program``.
        numbers: uint8, the text of all doubles as a JSON array.
        out: uint8, filled; as large as ``scan`` said.
        out_ends: int64, (records,), filled: where the text of each ends.
    """
    left = np.zeros(ARRAYS_DEEP, np.int64)
    number = 1  # behind the bracket
    to = 0
    for record in range(len(starts)):
        at = starts[record]
        end = ends[record]
        depth = 0
        pc = 0
        while pc < len(code):
            operation = code[pc, 0]
            pc += 1
            if operation == TEXT:
                to = copy(literals, code[pc - 1, 1], code[pc - 1, 2], out, to)
            elif operation in (STRING, BYTES):
                length, at = read_varint(data, at, end)
                to = write_text(data, at, at + length, out, to)
                at += length
            elif operation in (INT, LONG):
                value, at = read_varint(data, at, end)
                to = write_integer(value, out, to)
            elif operation in (DOUBLE, FLOAT):
                at += 8 if operation == DOUBLE else 4
                while numbers[number] != 0x2C and numbers[number] != 0x5D:
                    out[to] = numbers[number]
                    to += 1
                    number += 1
                number += 1
            elif operation == BOOLEAN:
                word = (0x65757274, 4) if data[at] else (0x736C6166, 5)
                for place in range(4):
                    out[to + place] = (word[0] >> (8 * place)) & 0xFF
                if word[1] == 5:
                    out[to + 4] = 0x65
                to += word[1]
                at += 1
            elif operation == ENUM:
                value, at = read_varint(data, at, end)
                symbol = code[pc - 1, 1] + value
                to = copy(literals, symbols[symbol, 0], symbols[symbol, 1], out, to)
            elif operation == MAYBE:
                value, at = read_varint(data, at, end)
                if value == code[pc - 1, 1]:
                    for place in range(4):
                        out[to + place] = (0x6C6C756E >> (8 * place)) & 0xFF
                    to += 4
                    pc = code[pc - 1, 2]
            else:
                if operation == NEXT:
                    left[depth - 1] -= 1
                    if left[depth - 1] > 0:
                        out[to] = 0x2C
                        to += 1
                        pc = code[pc - 1, 1]
                        continue
                else:
                    depth += 1
                    out[to] = 0x5B
                    to += 1
                value, at = read_varint(data, at, end)
                if value < 0:
                    value = -value
                    _, at = read_varint(data, at, end)
                left[depth - 1] = value
                if value == 0:
                    depth -= 1
                    out[to] = 0x5D
                    to += 1
                    if operation == ARRAY:
                        pc = code[pc - 1, 1]
                elif operation == NEXT:
                    out[to] = 0x2C
                    to += 1
                    pc = code[pc - 1, 1]
        out_ends[record] = to
