"""From works to the sections of a segment, and from several segments to one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes
from processors.parts import Part, encode_parts
from processors.score_beats import ScoreBeats

from .beat_codec import encode_beats
from .compiled import Int, compiled
from .groups import group_notes, score_tolerance_ms
from .melody import top_line
from .postings import MAX_NOTES, sort_postings, unsort_postings
from .segment import GAP_UNIT_MS, Segment, WorkInfo, hash_id
from .tokens import reference_tokens

GROUP_BIT = 128
MAX_GAP = 65_535


@dataclass(frozen=True, slots=True)
class WorkEntry:
    """A work to be put into the catalogue; ``beats``, on the clock of ``notes``, and ``parts`` where they are known."""

    work_id: str
    title: str
    composer: str
    path: str
    notes: Notes
    licence: str | None = None
    beats: ScoreBeats | None = None
    parts: tuple[Part, ...] = ()


@dataclass(slots=True)
class _Work:
    info: WorkInfo
    stored: NDArray[np.uint8]
    gaps: NDArray[np.int64]
    token: NDArray[np.int32]
    note: NDArray[np.int32]
    beats: bytes
    parts: bytes


@dataclass(slots=True)
class SegmentBuilder:
    """Collects works, then gives the sections of a segment."""

    notes: int = 0
    _works: list[_Work] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._works)

    def has_room(self, notes: int, limit: int = MAX_NOTES) -> bool:
        """Whether a work of so many notes still fits."""
        return self.notes + notes <= min(limit, MAX_NOTES)

    def add(self, entry: WorkEntry) -> None:
        """Analyse a work and keep it."""
        grouped = group_notes(entry.notes, score_tolerance_ms(entry.notes))
        tokens = reference_tokens(grouped, top_line(entry.notes, grouped))
        info = WorkInfo(
            entry.work_id, entry.title, entry.composer, entry.path, entry.licence, len(entry.notes), entry.notes.end_s
        )
        self._keep(
            _Work(
                info,
                *_stored(grouped.pitch, grouped.group, grouped.onset_ms),
                tokens.token,
                tokens.note,
                encode_beats(entry.beats),
                encode_parts(entry.parts),
            )
        )

    def add_segment(self, segment: Segment) -> None:
        """Take over the works of a segment that are not removed."""
        token, note = unsort_postings(segment.starts, segment.packed)
        bounds = np.searchsorted(note, segment.work_note)
        for work in np.flatnonzero(~segment.removed).tolist():
            a, b = (int(x) for x in segment.work_note[work : work + 2])
            i, j = bounds[work : work + 2]
            onsets = np.rint(segment.group_onsets_s(work) * (1000.0 / GAP_UNIT_MS)).astype(np.int64)
            self._keep(
                _Work(
                    segment.info(work),
                    segment.stored[a:b],
                    np.diff(onsets, prepend=0),
                    token[i:j],
                    (note[i:j] - a).astype(np.int32),
                    segment.encoded_beats(work),
                    segment.encoded_parts(work),
                )
            )

    def _keep(self, work: _Work) -> None:
        self._works.append(work)
        self.notes += len(work.stored)

    def sections(self) -> dict[str, NDArray[Any]]:
        """The sections of a segment with all works so far."""
        works = self._works
        work_note = _offsets([len(w.stored) for w in works])
        work_group = _offsets([len(w.gaps) for w in works])
        stored = np.concatenate([w.stored for w in works]) if works else np.zeros(0, np.uint8)
        gaps = np.concatenate([w.gaps for w in works]) if works else np.zeros(0, np.int64)
        token = np.concatenate([w.token for w in works]) if works else np.zeros(0, np.int32)
        note = (
            np.concatenate([w.note + np.int32(base) for w, base in zip(works, work_note[:-1], strict=True)])
            if works
            else np.zeros(0, np.int32)
        )
        starts, packed = sort_postings(token, note, stored)
        long_at = np.flatnonzero(gaps > MAX_GAP)
        texts = [json.dumps(_fields(w.info), ensure_ascii=False).encode() for w in works]
        return {
            "starts": starts,
            "packed": packed,
            "stored": stored,
            "gaps": np.where(gaps > MAX_GAP, 0, gaps),
            "long_at": long_at,
            "long_gaps": gaps[long_at],
            "work_note": work_note,
            "work_group": work_group,
            "work_hash": np.array([hash_id(w.info.work_id) for w in works], np.uint64),
            "text": np.frombuffer(b"".join(texts), np.uint8),
            "work_text": _offsets([len(text) for text in texts]),
            "beats": np.frombuffer(b"".join(w.beats for w in works), np.uint8),
            "work_beats": _offsets([len(w.beats) for w in works]),
            "parts": np.frombuffer(b"".join(w.parts for w in works), np.uint8),
            "work_parts": _offsets([len(w.parts) for w in works]),
        }


def warm_up() -> None:
    """Compile and load what building needs, so that no first work pays for it."""
    builder = SegmentBuilder()
    time_s = np.linspace(0.0, 10.0, 40)
    beats = ScoreBeats(time_s, np.arange(40) % 4 + 1, np.full(40, 4))
    builder.add(WorkEntry("warm-up", "", "", "", Notes.of(time_s, 40 + np.arange(40) * 7 % 40), beats=beats))
    builder.sections()


@compiled
def _stored(
    pitch: NDArray[np.uint8], group: NDArray[np.int32], onset_ms: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Notes as they are stored, and the gap before each group in units of ``GAP_UNIT_MS``."""
    stored = pitch.copy()
    gaps = np.empty(len(onset_ms), np.int64)
    before: Int = 0
    reached = -1
    for i in range(len(pitch)):
        if group[i] != reached:
            reached = group[i]
            stored[i] = pitch[i] | GROUP_BIT
            tick: Int = np.int64(np.rint(onset_ms[reached] / GAP_UNIT_MS))
            gaps[reached] = max(tick - before, 0)
            before = tick
    return stored, gaps


def _fields(info: WorkInfo) -> list[str | int | float | None]:
    return [
        info.work_id,
        info.title,
        info.composer,
        info.path,
        info.licence,
        info.notes_count,
        round(info.duration_s, 3),
    ]


def _offsets(counts: list[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
