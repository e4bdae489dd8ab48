"""How recognition grows with the catalogue: time, accuracy and memory at several sizes.

Works beyond those of the given catalogue are made of them: reversed, inverted, both, and recombined from thirds of
three such works. None of them holds a passage of a real work as it is played, so a wrong answer is wrong.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ops.evaluate.measures import quantiles_ms, share
from processors.identify import Catalogue, Identifier, WorkEntry
from processors.notes import Notes
from processors.training.clips import TrueClip
from processors.training.twins import twins_of

PARTS = 3
PAUSE_S = 1.0
OPENINGS = 9


@dataclass(slots=True)
class _Works:
    """Works for a catalogue; ``seconds`` is the processor time that making them took."""

    base: Catalogue
    size: int
    first: set[str]
    rng: np.random.Generator
    seconds: float = 0.0
    _works: list[tuple[int, int]] = field(default_factory=list)

    def __iter__(self) -> Iterator[WorkEntry]:
        started = time.process_time()
        for entry in self._entries():
            self.seconds += time.process_time() - started
            yield entry
            started = time.process_time()

    def _entries(self) -> Iterator[WorkEntry]:
        self._works = [(s, w) for s, segment in enumerate(self.base.segments) for w in range(segment.works)]
        queried = [place for place in self._works if self._info(place).path in self.first]
        others = [place for place in self._works if self._info(place).path not in self.first]
        real = [*queried, *self.rng.permutation(np.array(others)).tolist()][: self.size]
        for place in real:
            info = self._info(place)
            yield WorkEntry(info.work_id, info.title, info.composer, info.path, self._notes(place), info.licence)
        for number in range(self.size - len(real)):
            notes = self._notes(self._works[number % len(self._works)])
            if number < PARTS * len(self._works):
                notes = turned(notes, number // len(self._works))
            else:
                notes = self._recombined()
            yield WorkEntry(f"made-{number}", f"Made {number}", "Nobody", f"made/{number}", notes)

    def _recombined(self) -> Notes:
        parts: list[Notes] = []
        for third, which in enumerate(self.rng.integers(0, len(self._works), PARTS)):
            notes = turned(self._notes(self._works[which]), int(self.rng.integers(0, 3)))
            a, b = third * len(notes) // PARTS, (third + 1) * len(notes) // PARTS
            begin_s = parts[-1].onset_s[-1] + PAUSE_S if parts and len(parts[-1]) else 0.0
            onset_s = notes.onset_s[a:b] - notes.onset_s[a : a + 1] + begin_s
            parts.append(Notes.of(onset_s, notes.pitch[a:b]))
        return Notes.of(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("onset_s", "pitch")))

    def _notes(self, place: Sequence[int]) -> Notes:
        return self.base.segments[place[0]].work_notes(place[1])

    def _info(self, place: Sequence[int]) -> Any:
        return self.base.segments[place[0]].info(place[1])


def turned(notes: Notes, way: int) -> Notes:
    """The notes reversed (0), inverted (1) or both (2)."""
    onset_s, pitch = notes.onset_s, notes.pitch.astype(np.int64)
    if way != 1:
        onset_s = onset_s.max() - onset_s
    if way != 0:
        pitch = pitch.min() + pitch.max() - pitch
    return Notes.of(onset_s, pitch)


def growth(base: Catalogue, clips: Sequence[TrueClip], sizes: Sequence[int], folder: Path, seed: int) -> dict[str, Any]:
    """Build a catalogue of each size in ``folder``, and identify ``clips`` in it in a process of its own.

    Returns:
        for each size: works, notes, bytes a note, seconds and works a second of processor time to build, milliseconds
        to open, top-1, milliseconds a query (processor time of one thread, and by the clock), memory in MiB.
    """
    twins = twins_of(base, {clip.path for clip in clips})
    rows = []
    for size in sizes:
        works = _Works(base, size, set(twins), np.random.default_rng(seed))
        started = time.process_time()
        built = Catalogue.build(folder / str(size), works)
        build_s = time.process_time() - started - works.seconds
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            measured = pool.apply(_measure, (folder / str(size), list(clips), twins))
        rows.append(
            {
                "works": len(built),
                "notes": built.notes,
                "segments": len(built.segments),
                "bytes_per_note": round(built.query_bytes / built.notes, 3),
                "build_s": round(build_s, 1),
                "build_works_per_s": round(len(built) / build_s),
                **measured,
            }
        )
    return {"clips": len(clips), "sizes": rows}


def _measure(path: Path, clips: list[TrueClip], twins: dict[str, set[str]]) -> dict[str, Any]:
    openings = []
    for _ in range(OPENINGS):
        started = time.perf_counter()
        catalogue = Catalogue.open(path)
        openings.append((time.perf_counter() - started) * 1000.0)
    identifier = Identifier(catalogue)
    identifier.warm_up()
    right, cpu_ms, wall_ms = [], [], []
    for clip in clips:
        started, worked = time.perf_counter(), time.thread_time()
        answer = identifier.identify(clip.notes, (0.0, clip.length_s))
        cpu_ms.append((time.thread_time() - worked) * 1000.0)
        wall_ms.append((time.perf_counter() - started) * 1000.0)
        right.append(bool(answer.candidates) and answer.candidates[0].path in twins[clip.path])
    return {
        "open_ms": round(float(np.median(openings)), 2),
        "top1": share(right),
        "cpu_ms": quantiles_ms(cpu_ms),
        "latency_ms": quantiles_ms(wall_ms),
        "memory_mib": {name: round(_status_kib(name) / 1024, 1) for name in ("RssAnon", "RssFile")},
        "index_mib": round(catalogue.query_bytes / (1 << 20), 1),
    }


def _status_kib(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0
