"""Recorded single notes of free sample libraries, strung together as stems.

A library is a folder of sound files; ``LIBRARIES`` says which of them are which instrument. Their licences stand in
the model card. None of it is part of this project; get what you want to train with, and name its folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from processors.instruments.constants import SAMPLE_RATE

Samples = NDArray[np.float32]
LONGEST_S = 6.0
SILENT = 1e-4
SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".aiff", ".aif", ".mp3"})
DRUM = r"(kick|bd|snare|sn\d*_|sn_|sd|tom|tm_|t[1-4]_|pearl|bongo|conga|quinto|cajon|tabla|turtle|low hit|high hit)"
CYMBAL = r"(hat|hh|ride|crash|china|splash|cymbal|sabian|paiste|zildjian)"


@dataclass(frozen=True, slots=True)
class Library:
    """Files below ``folder`` whose path matches ``pattern`` and not ``without``, case aside."""

    folder: str
    label: str | None
    pattern: str = ""
    without: str = "noise|single_?cycle|oscillator|release|_rel_|harmonics?|loop_"


LIBRARIES = (
    Library("karoryfer.weresax", "saxophone"),
    Library("karoryfer.bear-sax", "saxophone"),
    Library("karoryfer.meatbass", "bass"),
    Library("dsmolken.double-bass", "bass"),
    Library("karoryfer.growlybass", "bass", r"/(sustain|staccato)/"),
    Library("Discord-SFZ-GM-Bank", "bass", r"034-"),
    Library("Discord-SFZ-GM-Bank", "guitar", r"026-"),
    Library("Discord-SFZ-GM-Bank", "piano", r"00[12]-"),
    Library("Discord-SFZ-GM-Bank", "drums", r"drums/.*" + DRUM, CYMBAL),
    Library("karoryfer.war-tuba", "tuba", r"/samples/"),
    Library("karoryfer.emilyguitar", "guitar", r"/notes/"),
    Library("ganjo", "banjo", r"/common/"),
    Library("FlameStudios.Kay5StringBanjo", "banjo", r"/08 - trimmed/"),
    Library("karoryfer-bigcat.cello", "cello"),
    Library("SplendidGrandPiano", "piano"),
    Library("EthanWiner.Soundfonts", "bassoon", r"/bassoon/"),
    Library("EthanWiner.Soundfonts", "cello", r"/cello_solo/"),
    Library("EthanWiner.Soundfonts", "mallet_percussion", r"/(glockenspiel|tubular_bells)/"),
    Library("EthanWiner.Soundfonts", "drums", r"/(snare_brushed|turtle_drum)/"),
    Library("EthanWiner.Soundfonts", None, r"/(claves|shakers|sleigh_bells|tambourine|temple_blocks|triangle|wind_ch)"),
    Library("drumkits", "drums", DRUM, CYMBAL),
    Library("drumkits", "cymbals", CYMBAL, DRUM),
    Library("drumkits", None, r"(clave|cowbell|clap|shaker|tamb|triangle)"),
    Library("sonic-pi", "drums", r"(drum_|bd_|sn_|tabla_)", "cymbal|splash|cowbell|roll"),
    Library("sonic-pi", "cymbals", r"drum_(cymbal|splash)"),
    Library("sonic-pi", "guitar", r"guit_"),
    Library("lmms", "drums", r"drums/(bassdrum|kick|snare|tom)"),
    Library("lmms", "cymbals", r"drums/(crash|hihat|ride)"),
    Library("lmms", "organ", r"instruments/(church|e)_organ"),
    Library("lmms", "guitar", r"(instruments/steel_guitar|latin_guitar)"),
    Library("lmms", "synthesizer", r"(basses/(synth|rave|techno|bass_acid)|shapes/)", ""),
)


@dataclass(slots=True)
class Recordings:
    """All files of the libraries that lie in ``root``, by label; notes are read when they are first played."""

    root: Path
    files: dict[str | None, list[list[Path]]] = field(default_factory=dict)
    _read: dict[Path, Samples] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for library in LIBRARIES:
            found = [
                path
                for path in sorted((self.root / library.folder).rglob("*"))
                if path.suffix.lower() in SUFFIXES
                and re.search(library.pattern, path.as_posix(), re.IGNORECASE)
                and not (library.without and re.search(library.without, path.as_posix(), re.IGNORECASE))
            ]
            if found:
                self.files.setdefault(library.label, []).append(found)

    def play(self, label: str | None, length_s: float, rng: np.random.Generator) -> Samples:
        """Random notes of one library, one after the other or over each other, a little out of their pitch."""
        libraries = self.files[label]
        files = libraries[int(rng.integers(len(libraries)))]
        out = np.zeros(int(length_s * SAMPLE_RATE), np.float32)
        at_s, detune = rng.uniform(0.0, 0.6), float(rng.uniform(-0.3, 0.3))
        many = rng.random() < 0.5
        while at_s < length_s - 0.3:
            note = self._note(files[int(rng.integers(len(files)))])
            semitones = detune + (float(rng.integers(-2, 3)) if rng.random() < 0.3 else 0.0)
            note = np.asarray(
                soxr.resample(note, SAMPLE_RATE * 2.0 ** (semitones / 12.0), SAMPLE_RATE, "QQ"), np.float32
            )
            held = int(np.exp(rng.uniform(np.log(0.15), np.log(LONGEST_S))) * SAMPLE_RATE)
            if held < len(note):
                fade = min(2000, held)
                note = note[:held].copy()
                note[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
            start = int(at_s * SAMPLE_RATE)
            used = note[: len(out) - start]
            out[start : start + len(used)] += used * np.float32(10.0 ** (rng.uniform(-12.0, 0.0) / 20.0))
            step_s = len(note) / SAMPLE_RATE
            at_s += rng.uniform(0.1, 0.6) if many else step_s * rng.uniform(0.8, 1.0) + rng.uniform(0.0, 0.5)
            if not many and rng.random() < 0.3:
                break
        return out

    def _note(self, path: Path) -> Samples:
        if path not in self._read:
            try:
                with soundfile.SoundFile(path) as file:
                    sound = file.read(int(LONGEST_S * file.samplerate), dtype="float32", always_2d=True).mean(axis=1)
                    note = np.asarray(soxr.resample(sound, file.samplerate, SAMPLE_RATE, "MQ"), np.float32)
            except soundfile.SoundFileError:  # some libraries hold a broken file
                note = np.zeros(SAMPLE_RATE // 10, np.float32)
            loud = np.flatnonzero(np.abs(note) > max(SILENT, 0.01 * float(np.abs(note).max(initial=0.0))))
            note = note[max(int(loud[0]) - 200, 0) :] if len(loud) else note
            self._read[path] = note / max(float(np.abs(note).max(initial=0.0)), 1e-3)
        return self._read[path]
