"""What a request asks of the engine: a statement, its format, and the rows of an insert."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEAD_MAX_BYTES = 64 << 10

_QUOTED = rb"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`"""
# skips over quoted names and texts, so that a FORMAT in one of them is not taken for the clause
_INSERT = re.compile(
    rb"""(\s*INSERT\s(?:%s|(?!\bFORMAT\s)[^'"`])*?)\bFORMAT\s+(\w+)[ \t]*;?\r?\n?""" % _QUOTED, re.IGNORECASE
)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_ANSWERS = re.compile(rb"\s*\(?\s*(?:SELECT|WITH|SHOW|DESC|DESCRIBE|EXPLAIN|EXISTS|CHECK)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        sql: the text; of an insert with rows, only what comes before its ``FORMAT``.
        format: of the rows of an insert, otherwise of the answer.
        rows: the rows of an insert, encoded; None for every other statement.
        answers: it gives a result, be it an empty one.
    """

    sql: bytes
    format: str
    rows: bytes | None = None
    answers: bool = False


def parse(text: bytes, default_format: str) -> Statement:
    """Take a request's text apart: the statement and, after an insert's ``FORMAT``, its rows."""
    insert = _INSERT.match(text, 0, HEAD_MAX_BYTES)
    if insert:
        return Statement(insert[1], insert[2].decode(), rows=text[insert.end() :])
    chosen = _FORMAT.search(text, max(0, len(text) - HEAD_MAX_BYTES))
    return Statement(text, chosen[1].decode() if chosen else default_format, answers=_ANSWERS.match(text) is not None)
