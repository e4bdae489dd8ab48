"""Folders of files for the bulk benchmark: songs as sound, clips as MIDI, and files that are broken."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from connectors.importers import ImportedWork
from ops.demo.material import clips_of_works
from processors.midi import read_midi, write_midi
from processors.notes import Notes
from processors.onsets.constants import SAMPLE_RATE
from processors.training.onsets.synthesis import random_instrument, synthesise

FORMATS = ("mp3", "flac", "ogg", "wav")
LEAST_NOTES_PER_S = 3.0


def write_songs(folder: Path, works: Sequence[ImportedWork], count: int, length_s: float, seed: int) -> None:
    """Passages of works, played by sines, each with another instrument; in four formats by turns."""
    rng = np.random.default_rng(seed)
    made = 0
    while made < count:
        notes = read_midi(works[int(rng.integers(len(works)))].midi)
        if notes.end_s < length_s:
            continue
        start_s = float(rng.uniform(0.0, notes.end_s - length_s))
        part = notes.between(start_s, start_s + length_s)
        if len(part) < LEAST_NOTES_PER_S * length_s:
            continue
        samples = synthesise(part, length_s, random_instrument(rng), rng)
        soundfile.write(folder / f"{made:05d}.{FORMATS[made % len(FORMATS)]}", samples, SAMPLE_RATE)
        made += 1


def write_clips(folder: Path, works: Sequence[ImportedWork], count: int, broken: int, seed: int) -> None:
    """``count`` files, of which ``broken`` cannot be read: the others are clips of 5-10 s as MIDI."""
    rng = np.random.default_rng(seed)
    spoilt = set(rng.choice(count, broken, replace=False).tolist())
    for number, clip in enumerate(clips_of_works(works, count, rng)):
        if number in spoilt:
            name, data = BROKEN[number % len(BROKEN)](clip.data, number)
            (folder / f"{number:05d}-{name}").write_bytes(data)
        else:
            (folder / f"{number:05d}.mid").write_bytes(clip.data)


def _encoded(samples: NDArray[np.float32], format: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, SAMPLE_RATE, format=format, subtype="FLOAT" if format == "WAV" else None)
    return out.getvalue()


def _letter(name: str) -> Callable[[bytes, int], tuple[str, bytes]]:
    return lambda whole, number: (name, f"Dear musicians, this is letter {number}.".encode())


BROKEN: tuple[Callable[[bytes, int], tuple[str, bytes]], ...] = (
    _letter("letter.wav"),
    _letter("letter.mp3"),
    _letter("letter.mid"),
    lambda whole, number: ("nothing.wav", b""),
    lambda whole, number: ("half.mid", whole[: len(whole) // 2]),
    lambda whole, number: (
        "silence.mid",
        write_midi(Notes.of(np.zeros(0), np.zeros(0, np.int64))) + bytes([number % 256]),
    ),
    lambda whole, number: ("nan.wav", _encoded(np.full(100 + number, np.nan, np.float32), "WAV")),
    lambda whole, number: ("head.flac", _encoded(np.zeros(1_000 + number, np.float32), "FLAC")[:30]),
)
"""What is wrong with a file, by turns; each differs from the others of its kind."""
