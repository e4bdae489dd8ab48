"""Records of one topic, all written with the schema that we know, read together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import orjson

from schemas.codec import HEADER, MAGIC, schema_text

from .kernels import BAD, scan, write_json
from .program import compile_schema

DOUBLE_BYTES = 4
"""The fewest bytes that a number with a fraction takes."""


class BatchReader:
    """Reads what was written with this version's own schema; everything else is left to ``EventCodec``.

    Args:
        topic: whose records are read.
        fields: what is looked up in each record, such as ``source_id`` or ``origin.offset``.

    Raises:
        UnsupportedSchemaError: the topic's schema is not covered, or has no such field.
    """

    def __init__(self, topic: str, fields: Sequence[str]) -> None:
        self.schema = without_notes(json.loads(schema_text(topic)))
        self.fields = tuple(fields)
        self.program = compile_schema(self.schema, fields)

    def read(self, values: Sequence[bytes | None], schema_id: int) -> Records | None:
        """Check and read records.

        Args:
            values: the records' values, with their headers.
            schema_id: the registry's id of the topic's schema.

        Returns:
            None if any record is missing, damaged, or written with another schema.
        """
        if None in values:
            return None
        data = np.frombuffer(b"".join(values), np.uint8)  # type: ignore[arg-type]
        lengths = np.fromiter(map(len, values), np.int64, len(values))  # type: ignore[arg-type]
        ends = np.cumsum(lengths)
        starts = ends - lengths
        if len(values) and lengths.min() < HEADER.size:
            return None
        header = np.frombuffer(HEADER.pack(MAGIC, schema_id), np.uint8)
        if (data[starts[:, None] + np.arange(HEADER.size)] != header).any():
            return None
        starts += HEADER.size
        found = np.zeros((len(values), len(self.fields), 2), np.int64)
        doubles = np.empty(len(data) // DOUBLE_BYTES + 1, np.float64)
        program = self.program
        bad, count, size = scan(data, starts, ends, program.code, program.symbols, found, doubles)
        return Records(self, data, starts, ends, found, doubles[:count], size) if bad == BAD else None


class Records:
    """Records that follow their schema to the last byte.

    Args:
        reader: who read them.
        data, starts, ends: the bytes, and where each record's body lies in them.
        found: where the fields' values lie; see ``kernels.scan``.
        doubles: all numbers with a fraction, in order.
        json_bytes: how long all of them are as JSON at the most.
    """

    def __init__(
        self,
        reader: BatchReader,
        data: np.ndarray,
        starts: np.ndarray,
        ends: np.ndarray,
        found: np.ndarray,
        doubles: np.ndarray,
        json_bytes: int,
    ) -> None:
        self._reader = reader
        self._data = data
        self._starts = starts
        self._ends = ends
        self._found = found
        self._doubles = doubles
        self._json_bytes = json_bytes

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def schema(self) -> Any:
        """Of all of them, without notes for people."""
        return self._reader.schema

    def texts(self, field: str) -> list[bytes | None]:
        """A field's text in each record, in UTF-8; None where it is null."""
        found = self._found[:, self._reader.fields.index(field)].tolist()
        data = self._bytes
        return [data[start:end] if start >= 0 else None for start, end in found]

    def integers(self, field: str) -> list[int]:
        """A field's whole number in each record."""
        numbers: list[int] = self._found[:, self._reader.fields.index(field), 0].tolist()
        return numbers

    def bodies(self) -> bytes:
        """All records without their headers, one after the other."""
        data = self._bytes
        return b"".join(
            [data[start:end] for start, end in zip(self._starts.tolist(), self._ends.tolist(), strict=True)]
        )

    def json(self) -> list[bytes]:
        """Each record as JSON: numbers as ``orjson`` writes them, times as microseconds."""
        program = self._reader.program
        numbers = np.frombuffer(orjson.dumps(self._doubles, option=orjson.OPT_SERIALIZE_NUMPY), np.uint8)
        out = np.empty(self._json_bytes, np.uint8)
        ends = np.empty(len(self), np.int64)
        write_json(
            self._data,
            self._starts,
            self._ends,
            program.code,
            program.literals,
            program.symbols,
            numbers,
            out,
            ends,
        )
        cuts = [0, *ends.tolist()]
        text = out[: cuts[-1]].tobytes()
        return [text[start:end] for start, end in pairwise(cuts)]

    @cached_property
    def _bytes(self) -> bytes:
        return self._data.tobytes()


def without_notes(schema: Any) -> Any:
    """The schema with neither documentation nor logical types: what decides about the bytes."""
    if isinstance(schema, dict):
        return {key: without_notes(part) for key, part in schema.items() if key not in ("doc", "logicalType")}
    return [without_notes(part) for part in schema] if isinstance(schema, list) else schema
