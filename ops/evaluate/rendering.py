"""Audio clips with their truth: performances and scores rendered with SoundFonts that nothing was trained on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal
import soxr
from numpy.typing import NDArray

from processors.audio import decode_audio
from processors.identify import Catalogue
from processors.midi import cut, read_midi
from processors.notes import Notes
from processors.onsets.constants import SAMPLE_RATE
from processors.training.clips import simulated_clips
from processors.training.onsets.songs import merged, sing, voice_and_rest
from processors.training.onsets.soundfonts import SoundFont
from processors.training.onsets.spoiling import add_noise, band_pass, random_room, through_mp3
from processors.training.performances import PIANIST, transpose

LEAD_IN_S = 1.5
"""Clips begin in the midst of music: so much before them is played and cut off."""
DETUNED_CENTS = 50.0
ROOM_SHARE = 0.75
NOISE_DB = (30.0, 20.0, 10.0)
PIANO = (0,)
OTHERS = {
    "strings": (40, 41, 42, 48),
    "winds": (56, 60, 68, 71, 73),
    "guitar": (24, 25),
    "organ": (19,),
}
LEAST_ACCOMPANIMENT = 8
"""A song has at least so many notes besides the voice's."""
SUNG_TRIES = 10
CONDITIONS = ("base", "mp3", "noise0", "telephone")


@dataclass(frozen=True, slots=True)
class AudioClip:
    """A dry rendering and what it is.

    Attributes:
        samples: mono, at ``SAMPLE_RATE``.
        notes: what is played, zero at the clip's start.
        path: the work, by its path in the catalogue.
        group: for the tables: the instrument's family.
    """

    samples: NDArray[np.float32]
    notes: Notes
    length_s: float
    path: str
    group: str


def piano_clips(
    csv_path: Path, root: Path, fonts: Sequence[Path], seed: int, limit: int | None, any_key: bool = False
) -> Iterator[AudioClip]:
    """The clips of a CSV (query_path, start_s, length_s, reference_path), on the fonts' pianos in turn, detuned."""
    rng = np.random.default_rng(seed)
    loaded = [SoundFont(path) for path in fonts]
    with csv_path.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if limit is not None and number >= limit:
                return
            start_s, length_s = float(row["start_s"]), float(row["length_s"])
            lead_s = min(LEAD_IN_S, start_s)
            notes = cut(read_midi((root / row["query_path"]).read_bytes()), start_s - lead_s, length_s + lead_s)
            shift = int(rng.integers(-6, 7)) if any_key else 0
            moved = Notes.of(
                notes.onset_s, np.clip(notes.pitch.astype(np.int64) + shift, 21, 108), notes.duration_s, notes.velocity
            )
            font = loaded[number % len(loaded)]
            samples = _play(font, moved, length_s, lead_s, PIANO, rng)
            yield AudioClip(samples, moved.between(lead_s, np.inf), length_s, row["reference_path"], "piano")


def other_clips(
    catalogue: Catalogue, fonts: Sequence[Path], count: int, length_s: float, seed: int
) -> Iterator[AudioClip]:
    """Passages of the catalogue's works, simulated and rendered on other instruments than the piano."""
    rng = np.random.default_rng(seed)
    loaded = [SoundFont(path) for path in fonts]
    families = list(OTHERS)
    for number, clip in enumerate(simulated_clips(catalogue, count, (length_s,), PIANIST, rng)):
        family = families[number % len(families)]
        choice = OTHERS[family]
        programs = tuple(int(p) for p in rng.choice(choice, min(2, len(choice)), replace=False))
        font = loaded[number // len(families) % len(loaded)]
        samples = _play(font, clip.notes, length_s, 0.0, programs, rng)
        yield AudioClip(samples, clip.notes, length_s, clip.path, family)


def sung_clips(
    catalogue: Catalogue, fonts: Sequence[Path], count: int, length_s: float, seed: int
) -> Iterator[AudioClip]:
    """Passages of the catalogue's works as songs: a synthesised voice has the top line, a piano the rest."""
    rng = np.random.default_rng(seed)
    loaded = [SoundFont(path) for path in fonts]
    made = 0
    for clip in simulated_clips(catalogue, SUNG_TRIES * count, (length_s,), PIANIST, rng):
        voice, rest = voice_and_rest(transpose(clip.notes, int(rng.integers(-5, 4)), 1.0), rng)
        if made == count:
            return
        if len(rest) < LEAST_ACCOMPANIMENT:
            continue
        played = _play(loaded[made % len(loaded)], rest, length_s, 0.0, PIANO, rng, detuned_cents=0.0)
        samples = sing(voice, played, length_s, float(rng.uniform(-2.0, 10.0)), rng)
        made += 1
        yield AudioClip(samples, merged(voice, rest), length_s, clip.path, "song")


def recorded_clips(csv_path: Path, root: Path) -> Iterator[AudioClip]:
    """Recordings as they are; their notes are not known."""
    nothing = Notes.of(np.zeros(0), np.zeros(0, np.int64))
    with csv_path.open(newline="") as file:
        for row in csv.DictReader(file):
            sound = decode_audio((root / row["query_path"]).read_bytes())
            start_s, length_s = float(row["start_s"]), float(row["length_s"])
            part = sound.samples[int(start_s * sound.rate_hz) : int((start_s + length_s) * sound.rate_hz)]
            samples = np.asarray(soxr.resample(part, sound.rate_hz, SAMPLE_RATE), np.float32)
            yield AudioClip(samples, nothing, length_s, row["reference_path"], "recording")


def _play(
    font: SoundFont,
    notes: Notes,
    length_s: float,
    lead_s: float,
    programs: tuple[int, ...],
    rng: np.random.Generator,
    detuned_cents: float = DETUNED_CENTS,
) -> NDArray[np.float32]:
    cents = float(rng.uniform(-detuned_cents, detuned_cents))
    pedal = programs == PIANO and bool(rng.random() < 0.5)
    samples = font.render(notes, lead_s + length_s, programs, rng, pedal=pedal, tuning_cents=cents)
    return samples[int(lead_s * SAMPLE_RATE) :]


def record(samples: NDArray[np.float32], condition: str, number: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """What a microphone or a file makes of a dry clip.

    ``base``: a room for three of four, noise at 30, 20 and 10 dB in turn. ``mp3``: that at 64 kbit/s. ``noise0``: noise
    at 0 dB. ``telephone``: base in 300-3,400 Hz.
    """
    if rng.random() < ROOM_SHARE:
        room = random_room(rng)
        samples = np.convolve(samples, room)[: len(samples)] if len(room) < 64 else _convolve(samples, room)
    ratio_db = 0.0 if condition == "noise0" else NOISE_DB[number % len(NOISE_DB)]
    out = add_noise(samples, ratio_db, rng)
    out = (out / max(float(np.abs(out).max()), 1e-6) * 0.5).astype(np.float32)
    if condition == "mp3":
        return through_mp3(out, 64.0)
    if condition == "telephone":
        return band_pass(out, 300.0, 3400.0)
    return out


def _convolve(samples: NDArray[np.float32], room: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(scipy.signal.oaconvolve(samples, room)[: len(samples)], np.float32)
