"""Instruments of sound files, decoded one by one and judged in batches; each file answered by one object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from processors.audio import AudioLimits, decode_audio
from processors.instruments import InstrumentDetector, Instruments, PreparedClip, prepare
from processors.midi import BadMusicError

TOGETHER = 8
"""So many files are judged at once."""
Failed = dict[str, str]


class InstrumentFiles:
    """Hears the instruments of sound files."""

    def __init__(self, limits: AudioLimits) -> None:
        self._limits = limits
        self._detector = InstrumentDetector()

    def answers(self, paths: Sequence[Path], by_second: bool = False) -> Iterator[dict[str, Any]]:
        """For each path, in order, ``{path, instruments: [{label, probability}], error}``; never an exception.

        Args:
            by_second: also tell ``by_second`` of each label.
        """
        for first in range(0, len(paths), TOGETHER):
            some = paths[first : first + TOGETHER]
            clips = [self._prepared(path) for path in some]
            found = iter(self._detector.judge([clip for clip in clips if isinstance(clip, PreparedClip)]))
            for path, clip in zip(some, clips, strict=True):
                if isinstance(clip, PreparedClip):
                    yield {"path": str(path), "instruments": _rows(next(found), by_second), "error": None}
                else:
                    yield {"path": str(path), "instruments": [], "error": clip}

    def _prepared(self, path: Path) -> PreparedClip | Failed:
        try:
            size = path.stat().st_size
            if size > self._limits.max_bytes:
                sentence = f"The sound file has {size} bytes; the limit is {self._limits.max_bytes}."
                return {"type": "too_large", "message": sentence}
            sound = decode_audio(path.read_bytes(), self._limits)
            return prepare(sound.samples, sound.rate_hz)
        except BadMusicError as error:
            return {"type": error.type, "message": str(error)}
        except OSError as error:
            return {"type": "unreadable", "message": f"{path} cannot be read: {error.strerror}."}


def _rows(found: Instruments, by_second: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for heard in found.ranked():
        row: dict[str, Any] = {"label": heard.label, "probability": round(heard.probability, 4)}
        if by_second:
            row["by_second"] = [round(float(value), 3) for value in found.of_second(heard.label)]
        rows.append(row)
    return rows
