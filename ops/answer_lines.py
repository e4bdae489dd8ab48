"""Answers to many files: a JSON line each, with a bar on the terminal while they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress

T = TypeVar("T")


@contextmanager
def answer_lines(path: Path | None) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Writes answers into the file, or to standard output where there is none.

    Raises:
        OSError: the file cannot be written.
    """
    if path is None:
        yield lambda answer: typer.echo(_line(answer))
        return
    with path.open("w", buffering=1, encoding="utf-8") as file:  # a line can be read as soon as it is written
        yield lambda answer: print(_line(answer), file=file)


def with_bar(answers: Iterable[T], total: int, description: str) -> Iterator[T]:
    """The answers as they come, counted on standard error if that is a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        yield from bar.track(answers, total=total, description=description)


def _line(answer: Mapping[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False)
