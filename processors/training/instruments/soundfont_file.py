"""SoundFonts taken apart and put together again: their samples, and what instruments' zones say of them.

Creative Technology, "SoundFont technical specification 2.04", 2006; SF3 as MuseScore writes it, where samples are Ogg
Vorbis.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

HEADER = np.dtype(
    [
        ("name", "S20"),
        ("start", "<u4"),
        ("end", "<u4"),
        ("loop_start", "<u4"),
        ("loop_end", "<u4"),
        ("rate_hz", "<u4"),
        ("root", "u1"),
        ("correction_cents", "i1"),
        ("link", "<u2"),
        ("kind", "<u2"),
    ]
)
"""Of a sample."""
SETTING = np.dtype([("what", "<u2"), ("value", "<u2")])
BAG = np.dtype([("setting", "<u2"), ("modulator", "<u2")])
INSTRUMENT = np.dtype([("name", "S20"), ("bag", "<u2")])
COARSE_TUNE, FINE_TUNE, SAMPLE, MODES, ROOT = 51, 52, 53, 54, 58
"""What settings are about."""
OFFSETS = (0, 1, 2, 3, 4, 12, 45, 50)
"""Settings that move a sample's start, end or loop."""
NOTHING = 60
"""A setting without a use."""
MONO, COMPRESSED = 0x1, 0x10
"""Kinds of samples."""
GAP = 64
"""Silent samples between two; the format wants 46."""

Table = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One recorded sound.

    Attributes:
        played: float32, mono.
        loop: first sample that is repeated, and the one after the last.
        rate_hz: at which the header's root sounds.
    """

    played: NDArray[np.float32]
    loop: tuple[int, int]
    rate_hz: int


@dataclass(slots=True)
class SoundFontFile:
    """A SoundFont's tables; ``settings`` and ``headers`` may be changed.

    Attributes:
        headers: of the samples, of ``HEADER``; the last is none.
        settings: of the instruments' zones, of ``SETTING``.
    """

    headers: Table
    settings: Table
    _info: bytes
    _data: bytes
    _tables: dict[str, bytes]

    @classmethod
    def parse(cls, font: bytes) -> SoundFontFile:
        """A SoundFont of an SF2 or SF3 file's bytes.

        Raises:
            ValueError: these are no SoundFont's bytes.
        """
        if font[:4] != b"RIFF" or font[8:12] != b"sfbk":
            raise ValueError("These bytes are no SoundFont; name SF2 or SF3 files.")
        lists = {body[:4]: body for _, body in _chunks(font, 12)}
        tables = dict(_chunks(lists[b"pdta"], 4))
        return cls(
            np.frombuffer(tables["shdr"], HEADER).copy(),
            np.frombuffer(tables["igen"], SETTING).copy(),
            lists[b"INFO"],
            dict(_chunks(lists[b"sdta"], 4))["smpl"],
            tables,
        )

    def instruments(self) -> Iterator[list[Table]]:
        """The zones of each instrument: views of their ``settings``."""
        bags = np.frombuffer(self._tables["ibag"], BAG)["setting"]
        instruments = np.frombuffer(self._tables["inst"], INSTRUMENT)["bag"]
        for first, last in pairwise(instruments):
            yield [self.settings[bags[k] : bags[k + 1]] for k in range(first, last)]

    def sample(self, number: int) -> Sample:
        """The sound of a header."""
        header = self.headers[number]
        start, end = int(header["start"]), int(header["end"])
        loop = int(header["loop_start"]), int(header["loop_end"])
        if header["kind"] & COMPRESSED:
            read, _ = soundfile.read(io.BytesIO(self._data[start:end]), dtype="float32", always_2d=True)
            return Sample(np.ascontiguousarray(read[:, 0]), loop, int(header["rate_hz"]))
        played = np.frombuffer(self._data, "<i2", end - start, 2 * start).astype(np.float32) / np.float32(32768.0)
        return Sample(played, (loop[0] - start, loop[1] - start), int(header["rate_hz"]))

    def written(self, samples: Sequence[Sample]) -> bytes:
        """An SF2 file's bytes, with a sample for each header but the last, of one channel each."""
        headers, place, data = self.headers.copy(), 0, []
        for header, sample in zip(headers, samples, strict=False):
            header["start"], header["end"] = place, place + len(sample.played)
            header["loop_start"], header["loop_end"] = place + sample.loop[0], place + sample.loop[1]
            header["rate_hz"], header["kind"], header["link"] = sample.rate_hz, MONO, 0
            whole = np.clip(np.round(sample.played * 32768.0), -32768, 32767).astype("<i2")
            data += [whole.tobytes(), bytes(2 * GAP)]
            place += len(whole) + GAP
        tables = self._tables | {"shdr": headers.tobytes(), "igen": self.settings.tobytes()}
        version = _chunk("ifil", struct.pack("<HH", 2, 1))
        info = version + b"".join(_chunk(name, body) for name, body in _chunks(self._info, 4) if name != "ifil")
        body = b"".join(
            (
                _chunk("LIST", b"INFO" + info),
                _chunk("LIST", b"sdta" + _chunk("smpl", b"".join(data))),
                _chunk("LIST", b"pdta" + b"".join(_chunk(name, table) for name, table in tables.items())),
            )
        )
        return _chunk("RIFF", b"sfbk" + body)


def value(zone: Table, what: int) -> int | None:
    """What a zone says of something, if it does."""
    values = zone["value"][zone["what"] == what]
    return int(values[0]) if len(values) else None


def change(zone: Table, what: int, to: int) -> None:
    """Change what a zone says of something; one that says nothing of it is left so."""
    zone["value"][zone["what"] == what] = to


def _chunks(data: bytes, place: int) -> Iterator[tuple[str, bytes]]:
    """Names and bodies; some writers leave out the byte that should follow an odd length."""
    while place + 8 <= len(data):
        if data[place - 1 : place + 3] == b"LIST":
            place -= 1
        name, length = struct.unpack_from("<4sI", data, place)
        yield name.decode("latin-1"), data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def _chunk(name: str, body: bytes) -> bytes:
    return struct.pack("<4sI", name.encode("latin-1"), len(body)) + body + b"\0" * (len(body) % 2)
