"""A segment: an immutable, memory-mapped file that holds works and their postings.

Layout: eight bytes magic, uint32 length of the header, uint32 CRC-32 of the header, the header (JSON: for each
section its dtype, offset, size and CRC-32), then the sections, each at a multiple of 64 bytes. Numbers are
little-endian.

========== ======== ================= =================================================================
section    dtype    entries           meaning
========== ======== ================= =================================================================
starts     uint32   TOKEN_COUNT + 1   where each token's list starts in ``packed``, in postings
packed     uint8    3 * postings      note numbers, see ``postings``
stored     uint8    notes             pitch; bit 7 set on the first note of an onset group
gaps       uint16   groups            time since the work's previous group (the first: since zero), 1/500 s
long_at    uint32   long gaps         groups whose gap does not fit
long_gaps  uint32   long gaps         their gaps, 1/500 s; ``gaps`` has 0 there
work_note  uint32   works + 1         each work's first note
work_group uint32   works + 1         each work's first group
work_hash  uint64   works             BLAKE2b of the work id, 8 bytes
text       uint8    bytes             for each work a JSON array: id, title, composer, path, licence, notes, duration
work_text  uint32   works + 1         where each work's text starts
beats      uint8    bytes             each work's score beats, see ``beat_codec``
work_beats uint32   works + 1         where each work's beats start
parts      uint8    bytes             what plays each work's parts, see ``processors.parts``
work_parts uint32   works + 1         where each work's parts start
========== ======== ================= =================================================================
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from copy import copy
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes
from processors.parts import Part, decode_parts
from processors.score_beats import ScoreBeats

from .beat_codec import decode_beats
from .files import CatalogueError, write_durably

MAGIC = b"CNTSEG01"
ALIGNMENT = 64
GAP_UNIT_MS = 2.0
DTYPES = {
    "starts": "<u4",
    "packed": "u1",
    "stored": "u1",
    "gaps": "<u2",
    "long_at": "<u4",
    "long_gaps": "<u4",
    "work_note": "<u4",
    "work_group": "<u4",
    "work_hash": "<u8",
    "text": "u1",
    "work_text": "<u4",
    "beats": "u1",
    "work_beats": "<u4",
    "parts": "u1",
    "work_parts": "<u4",
}
QUERY_SECTIONS = tuple(name for name in DTYPES if name not in ("work_hash", "parts", "work_parts"))
"""All that answering a query reads."""


@dataclass(frozen=True, slots=True)
class WorkInfo:
    """What the catalogue knows of a work besides its notes."""

    work_id: str
    title: str
    composer: str
    path: str
    licence: str | None
    notes_count: int
    duration_s: float


def hash_id(work_id: str) -> int:
    """The 64-bit hash by which works are found."""
    return int.from_bytes(blake2b(work_id.encode(), digest_size=8).digest(), "little")


def _raw(array: NDArray[Any]) -> memoryview:
    return memoryview(array.view(np.uint8))  # type: ignore[arg-type]


def write_segment(path: Path, sections: dict[str, NDArray[Any]]) -> int:
    """Write a segment durably; returns its size in bytes."""
    arrays = {name: np.ascontiguousarray(sections[name], dtype) for name, dtype in DTYPES.items()}
    described = {}
    offset = 0
    for name, array in arrays.items():
        described[name] = [DTYPES[name], offset, array.nbytes, zlib.crc32(_raw(array))]
        offset += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    header = json.dumps(described).encode()
    parts: list[bytes | memoryview] = [MAGIC + struct.pack("<II", len(header), zlib.crc32(header)) + header]
    parts.append(bytes(-len(parts[0]) % ALIGNMENT))
    for array in arrays.values():
        parts += [_raw(array), bytes(-array.nbytes % ALIGNMENT)]
    write_durably(path, parts)
    return sum(len(part) for part in parts)


class Segment:
    """A segment opened for reading.

    Attributes:
        starts, packed, stored, ...: the sections as read-only arrays on the map.
        removed: bool [works], works that no longer count.
    """

    starts: NDArray[np.uint32]
    packed: NDArray[np.uint8]
    stored: NDArray[np.uint8]
    gaps: NDArray[np.uint16]
    long_at: NDArray[np.uint32]
    long_gaps: NDArray[np.uint32]
    work_note: NDArray[np.uint32]
    work_group: NDArray[np.uint32]
    work_hash: NDArray[np.uint64]
    text: NDArray[np.uint8]
    work_text: NDArray[np.uint32]
    beats: NDArray[np.uint8]
    work_beats: NDArray[np.uint32]
    parts: NDArray[np.uint8]
    work_parts: NDArray[np.uint32]

    def __init__(self, path: Path, removed: list[int]) -> None:
        """Map ``path``.

        Raises:
            CatalogueError: the file is missing, cut off or its header damaged.
        """
        self.path = path
        self._sections = self._map(path)
        self.removed = np.zeros(len(self.work_note) - 1, bool)
        self.removed[removed] = True

    def _map(self, path: Path) -> dict[str, list[Any]]:
        damaged = f"The catalogue file {path} is damaged ({{}}); build the catalogue again."
        try:
            with path.open("rb") as file:
                content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise CatalogueError(f"The catalogue file {path} cannot be read: {error}.") from error
        if content[:8] != MAGIC or len(content) < 16:
            raise CatalogueError(damaged.format("it is not a segment of this version"))
        size, checksum = struct.unpack("<II", content[8:16])
        header = content[16 : 16 + size]
        if len(header) != size or zlib.crc32(header) != checksum:
            raise CatalogueError(damaged.format("its header's checksum differs"))
        sections: dict[str, list[Any]] = json.loads(header)
        base = -(-(16 + size) // ALIGNMENT) * ALIGNMENT
        for name, (dtype, offset, length, _) in sections.items():
            if base + offset + length > len(content):
                raise CatalogueError(damaged.format("it is cut off"))
            array: NDArray[Any] = np.frombuffer(content, dtype, length // np.dtype(dtype).itemsize, base + offset)
            setattr(self, name, array)
        for name in ("beats", "parts"):
            if name not in sections:  # written before they were kept
                setattr(self, name, np.zeros(0, np.uint8))
                setattr(self, f"work_{name}", np.zeros(len(self.work_note), np.uint32))
        return sections

    def verify(self) -> None:
        """Check every byte against its checksum.

        Raises:
            CatalogueError: a section is damaged.
        """
        for name, (_, _, _, checksum) in self._sections.items():
            if zlib.crc32(_raw(getattr(self, name))) != checksum:
                raise CatalogueError(
                    f"The catalogue file {self.path} is damaged (section {name}); build the catalogue again."
                )

    @property
    def works(self) -> int:
        return len(self.removed)

    @property
    def notes(self) -> int:
        return len(self.stored)

    @property
    def query_bytes(self) -> int:
        """Bytes that answering queries reads."""
        return int(sum(self._sections[name][2] for name in QUERY_SECTIONS if name in self._sections))

    def info(self, work: int) -> WorkInfo:
        """What is known of the segment's work number ``work``."""
        a, b = self.work_text[work : work + 2]
        return WorkInfo(*json.loads(self.text[a:b].tobytes()))

    def encoded_beats(self, work: int) -> bytes:
        """A work's score beats as they are stored; empty where there are none."""
        a, b = self.work_beats[work : work + 2]
        return self.beats[a:b].tobytes()

    def encoded_parts(self, work: int) -> bytes:
        """What plays a work's parts as it is stored; empty where it is not known."""
        a, b = self.work_parts[work : work + 2]
        return self.parts[a:b].tobytes()

    def score_parts(self, work: int) -> tuple[Part, ...]:
        """What plays a work's parts; none where its file does not tell."""
        return decode_parts(self.encoded_parts(work))

    def score_beats(self, work: int) -> ScoreBeats | None:
        """A work's beats on its own clock; nothing where its file had none, or is a performance."""
        return decode_beats(self.encoded_beats(work))

    def group_onsets_s(self, work: int) -> NDArray[np.float64]:
        """Onset of each of a work's groups, seconds, float64."""
        a, b = (int(x) for x in self.work_group[work : work + 2])
        gaps = self.gaps[a:b].astype(np.int64)
        if len(self.long_at):
            i, j = np.searchsorted(self.long_at, (a, b))
            gaps[self.long_at[i:j].astype(np.int64) - a] = self.long_gaps[i:j]
        return np.cumsum(gaps).astype(np.float64) * (GAP_UNIT_MS / 1000.0)

    def without(self, hashes: set[int]) -> Segment:
        """The segment with some more works removed, by the hashes of their ids; the file stays as it is."""
        other = copy(self)
        other.removed = self.removed | np.isin(self.work_hash, np.fromiter(hashes, np.uint64, len(hashes)))
        return other

    def work_notes(self, work: int) -> Notes:
        """A work's notes as far as they are kept: onsets of their groups and pitches, without durations."""
        a, b = (int(x) for x in self.work_note[work : work + 2])
        stored = self.stored[a:b]
        group = np.cumsum(stored >> 7) - 1
        return Notes.of(self.group_onsets_s(work)[group], stored & 127)
