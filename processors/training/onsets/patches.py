"""Rendering notes with a set of GUS patches (such as Freepats) through the program ``timidity``."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

from processors.midi import TICKS_PER_SECOND
from processors.notes import Notes
from processors.onsets.constants import SAMPLE_RATE


class PatchError(RuntimeError):
    """``timidity`` failed on a passage, or did not end: now and then it hangs on dense ones."""


PROGRAMS = (0, 0, 0, 1, 1, 1, 6, 7, 19, 24, 25, 26, 27, 40, 46, 48, 56, 58, 60, 73)
"""General MIDI programs that Freepats holds in tune, the pianos more often."""
TIME_LIMIT_S = 20.0


class PatchSet:
    """Patches as a ``timidity`` configuration lists them."""

    def __init__(self, configuration: Path) -> None:
        self._configuration = configuration

    def render(self, notes: Notes, length_s: float, rng: np.random.Generator) -> NDArray[np.float32]:
        """Play ``notes`` on one instrument, drawn at random; mono samples at ``SAMPLE_RATE``.

        Raises:
            PatchError: ``timidity`` failed or did not end.
        """
        with tempfile.TemporaryDirectory() as folder:
            midi, raw = Path(folder) / "notes.mid", Path(folder) / "notes.raw"
            midi.write_bytes(_one_track(notes, int(rng.choice(PROGRAMS))))
            command = ["timidity", "-c", str(self._configuration), str(midi), "-Or1slM", "-s", str(SAMPLE_RATE)]
            try:
                subprocess.run(
                    [*command, "-EFreverb=0", "--preserve-silence", "-o", str(raw)],
                    check=True,
                    capture_output=True,
                    timeout=TIME_LIMIT_S,
                )
            except subprocess.SubprocessError as error:
                raise PatchError(f"timidity did not render a passage: {error}") from error
            played = np.fromfile(raw, "<i2").astype(np.float32) / np.float32(32768.0)
        out = np.zeros(int(length_s * SAMPLE_RATE), np.float32)
        out[: len(played)] = played[: len(out)]
        return out


def _one_track(notes: Notes, program: int) -> bytes:
    score: Any = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 120.0))
    track: Any = symusic.Track(program=program)
    track.notes = symusic.Note.from_numpy(
        time=np.round(notes.onset_s * TICKS_PER_SECOND).astype(np.int32),
        duration=np.maximum(1, np.round(notes.duration_s * TICKS_PER_SECOND)).astype(np.int32),
        pitch=notes.pitch.astype(np.int8),
        velocity=notes.velocity.astype(np.int8),
    )
    score.tracks.append(track)
    data: bytes = score.dumps_midi()
    return data
