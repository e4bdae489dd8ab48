"""An Avro schema as a flat list of instructions, which the compiled kernels follow record by record.

Covers what our schemas use: records, strings, bytes, numbers, booleans, enums, arrays, and values that may be null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

TEXT, STRING, BYTES, INT, LONG, DOUBLE, FLOAT, BOOLEAN, ENUM, MAYBE, ARRAY, NEXT = range(12)
"""Operations; ``MAYBE`` is a union with null, ``NEXT`` ends an array's item."""
NO_SLOT = -1
PLAIN = {"string": STRING, "bytes": BYTES, "int": INT, "long": LONG, "double": DOUBLE, "float": FLOAT}
ARRAYS_DEEP = 8
"""How deep arrays may lie in arrays; the kernels keep as many counters."""


class UnsupportedSchemaError(ValueError):
    """The schema uses something that the kernels do not know."""


@dataclass(frozen=True, slots=True)
class Program:
    """What the kernels follow.

    Attributes:
        code: int32, (instructions, 4): operation, two operands, and the slot that the value goes into or -1.
            Operands: ``TEXT`` first and last byte in ``literals``; ``ENUM`` its first symbol in ``symbols`` and how
            many; ``MAYBE`` which branch is null and where to go on after it; ``ARRAY`` where to go on after it;
            ``NEXT`` where its item begins.
        literals: uint8: what stands between the values in JSON.
        symbols: int32, (symbols, 2): where each enum's symbols lie in ``literals``, with their quotes.
    """

    code: np.ndarray
    literals: np.ndarray
    symbols: np.ndarray


def compile_schema(schema: Any, fields: Sequence[str]) -> Program:
    """Compile a record's schema.

    Args:
        schema: the schema as JSON gives it.
        fields: paths such as ``origin.offset`` of values to be looked up; each is given the slot of its place here.

    Raises:
        UnsupportedSchemaError: the schema is not covered, or lacks a field.
    """
    compiler = _Compiler(fields)
    compiler.add(schema, "")
    missing = set(fields) - compiler.found
    if missing:
        raise UnsupportedSchemaError(f"The schema has no single value {', '.join(sorted(missing))}.")
    return Program(
        np.array(compiler.code, np.int32),
        np.frombuffer(bytes(compiler.literals), np.uint8),
        np.array(compiler.symbols, np.int32).reshape(-1, 2),
    )


class _Compiler:
    def __init__(self, fields: Sequence[str]) -> None:
        self.code: list[list[int]] = []
        self.literals = bytearray()
        self.symbols: list[tuple[int, int]] = []
        self.found: set[str] = set()
        self._slots = {path: slot for slot, path in enumerate(fields)}
        self._named: dict[str, Any] = {}
        self._depth = 0

    def add(self, schema: Any, path: str) -> None:
        """Instructions for one value; inside arrays ``path`` is empty, because no single value lies there."""
        if isinstance(schema, str):
            schema = self._named.get(schema, schema)
        if isinstance(schema, list):
            self._maybe(schema, path)
            return
        kind = schema["type"] if isinstance(schema, dict) else schema
        if kind == "record":
            self._named[schema["name"]] = schema
            for number, field in enumerate(schema["fields"]):
                self._text(b"{" if number == 0 else b",", orjson.dumps(field["name"]), b":")
                self.add(field["type"], f"{path}.{field['name']}" if path != "[]" and path else path or field["name"])
            self._text(b"}")
        elif kind == "array":
            self._array(schema["items"])
        elif kind == "enum":
            self._named[schema["name"]] = schema
            first = len(self.symbols)
            self.symbols += [self._literal(orjson.dumps(symbol)) for symbol in schema["symbols"]]
            self._emit(ENUM, first, len(schema["symbols"]), path)
        elif kind == "boolean":
            self._emit(BOOLEAN, 0, 0, path)
        elif kind in PLAIN:
            self._emit(PLAIN[kind], 0, 0, path)
        elif isinstance(kind, (dict, list)):  # {"type": {"type": ...}}
            self.add(kind, path)
        else:
            raise UnsupportedSchemaError(f"The kernels do not read {kind!r}.")

    def _maybe(self, branches: list[Any], path: str) -> None:
        if len(branches) != 2 or "null" not in branches:
            raise UnsupportedSchemaError("The kernels read unions of null and one other type only.")
        null = branches.index("null")
        at = self._emit(MAYBE, null, 0, path)
        self.add(branches[1 - null], path)
        self.code[at][2] = len(self.code)

    def _array(self, items: Any) -> None:
        self._depth += 1
        if self._depth > ARRAYS_DEEP:
            raise UnsupportedSchemaError(f"The kernels read {ARRAYS_DEEP} arrays within each other, not more.")
        at = self._emit(ARRAY, 0, 0, "[]")
        self.add(items, "[]")
        self._emit(NEXT, at + 1, 0, "[]")
        self.code[at][1] = len(self.code)
        self._depth -= 1

    def _emit(self, operation: int, a: int, b: int, path: str) -> int:
        slot = self._slots.get(path, NO_SLOT)
        if slot != NO_SLOT:
            self.found.add(path)
        self.code.append([operation, a, b, slot])
        return len(self.code) - 1

    def _text(self, *parts: bytes) -> None:
        start, end = self._literal(b"".join(parts))
        self._emit(TEXT, start, end, "[]")

    def _literal(self, text: bytes) -> tuple[int, int]:
        start = len(self.literals)
        self.literals += text
        return start, len(self.literals)
