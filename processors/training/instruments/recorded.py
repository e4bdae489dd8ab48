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

from .plucked import STROKE_S

Samples = NDArray[np.float32]
LONGEST_S = 6.0
MOST_FILES = 150
"""So many files of a library, spread over all, are read; it keeps memory and time bounded."""
SILENT = 1e-4
SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".aiff", ".aif", ".mp3"})
DRUM = r"(kick|bd|snare|sn\d*_|sn_|sd|tom|tm_|t[1-4]_|pearl|bongo|conga|quinto|cajon|tabla|turtle|low hit|high hit)"
CYMBAL = r"(hat|hh|ride|crash|china|splash|cymbal|sabian|paiste|zildjian)"
RELATIVES_SEMITONES: dict[str | None, tuple[float, ...]] = {
    "bass": (-3.0, 3.0),
    "bassoon": (-12.0, -8.0),
    "clarinet": (-12.0, -7.0, 3.0),
    "flute": (-5.0, 7.0, 12.0),
    "guitar": (-4.0, 4.0),
    "mallet_percussion": (-9.0, 7.0),
    "oboe": (-7.0, -5.0),
    "saxophone": (-7.0, 5.0),
    "trombone": (-4.0, 3.0),
    "trumpet": (-4.0, 3.0),
    "tuba": (4.0, 7.0),
    "voice": (-4.0, 3.0),
}
"""Larger and smaller instruments of a family sound much like the same one played slower or faster: a contrabassoon
like a bassoon at half speed, a piccolo like a flute at twice the speed."""
RELATIVES = 0.25
TREMOLO = {"mandolin": 0.4}
"""How often a note is repeated as quickly as a plectrum can."""


@dataclass(frozen=True, slots=True)
class Library:
    """Files below ``folder`` whose path matches ``pattern`` and not ``without``, case aside."""

    folder: str
    label: str | None
    pattern: str = ""
    without: str = "noise|single_?cycle|oscillator|release|_rel_|harmonics?|loop_"

    @property
    def source(self) -> str:
        """Whose recordings they are, as stems name it."""
        return f"recorded/{self.folder}/{self.label}"


LIBRARIES = (
    Library("karoryfer.weresax", "saxophone"),
    Library("karoryfer.bear-sax", "saxophone"),
    Library("MTG.SoloSax", "saxophone", r"/(alt|bar|sop|ten)_[fmp]_"),
    Library("karoryfer.meatbass", "bass"),
    Library("dsmolken.double-bass", "bass"),
    Library("karoryfer.growlybass", "bass", r"/(sustain|staccato)/"),
    Library("karoryfer.black-and-green-guitars", "guitar", r"/ord/"),
    Library("Discord-SFZ-GM-Bank", "bass", r"034-"),
    Library("Discord-SFZ-GM-Bank", "guitar", r"026-"),
    Library("Discord-SFZ-GM-Bank", "piano", r"00[12]-"),
    Library("Discord-SFZ-GM-Bank", "drums", r"drums/.*" + DRUM, CYMBAL),
    Library("karoryfer.war-tuba", "tuba", r"/samples/"),
    Library("karoryfer.emilyguitar", "guitar", r"/notes/"),
    Library("karoryfer.shinyguitar", "guitar", r"/samples/(acoustic|electric)/"),
    Library("spanish-classical-guitar", "guitar", r"/samples/"),
    Library("Ixox.Flute", "flute"),
    Library("GTown", "mandolin", r"/mandolin/"),
    Library("GTown", "organ", r"/organ/"),
    Library("GTown", "mallet_percussion", r"/toy_glockenspiel/"),
    Library("GTown", "drums", r"/(darbuk|dual_snares|ensemble_snares|open_snare|snare|toms|bassdrum|bongos)"),
    Library("GTown", "cymbals", r"/(hihat|cymbals)/"),
    Library("GTown", None, r"/(anvils|wood_|tambourine|egg|stomps|small_plate|brushplate)"),
    Library("upright-piano-KW", "piano", r"/samples/"),
    Library("SamsSonor", "drums", DRUM, CYMBAL),
    Library("SamsSonor", "cymbals", CYMBAL, DRUM),
    Library("ganjo", "banjo", r"/common/"),
    Library("FlameStudios.Kay5StringBanjo", "banjo", r"/08 - trimmed/"),
    Library("karoryfer-bigcat.cello", "cello"),
    Library("SplendidGrandPiano", "piano"),
    Library("vcsl_hise", "harp", r"/folk harp/"),
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
    Library("spectmorph-instruments", "bass", r"/double-bass/"),
    Library("spectmorph-instruments", "bassoon", r"/bassoon/"),
    Library("spectmorph-instruments", "cello", r"/cello/"),
    Library("spectmorph-instruments", "clarinet", r"/(bass-)?clarinet/"),
    Library("spectmorph-instruments", "flute", r"/(alto|bass)-flute/"),
    Library("spectmorph-instruments", "horn", r"/french-horn/"),
    Library("spectmorph-instruments", "oboe", r"/oboe/"),
    Library("spectmorph-instruments", "saxophone", r"/(alto|soprano)-saxophone/"),
    Library("spectmorph-instruments", "trombone", r"/(bass|tenor)-trombone/"),
    Library("spectmorph-instruments", "trumpet", r"/trumpet/"),
    Library("spectmorph-instruments", "viola", r"/viola/"),
    Library("spectmorph-instruments", "violin", r"/violin/"),
    Library("spectmorph-instruments", "voice", r"/(claudia|mirko|sven)-"),
    Library("tonejs-instruments", "accordion", r"/harmonium/"),
    Library("tonejs-instruments", "bass", r"/contrabass/"),
    Library("tonejs-instruments", "bassoon", r"/bassoon/"),
    Library("tonejs-instruments", "cello", r"/cello/"),
    Library("tonejs-instruments", "clarinet", r"/clarinet/"),
    Library("tonejs-instruments", "flute", r"/flute/"),
    Library("tonejs-instruments", "guitar", r"/guitar-(acoustic|nylon)/"),
    Library("tonejs-instruments", "harp", r"/harp/"),
    Library("tonejs-instruments", "horn", r"/french-horn/"),
    Library("tonejs-instruments", "mallet_percussion", r"/xylophone/"),
    Library("tonejs-instruments", "organ", r"/organ/"),
    Library("tonejs-instruments", "trombone", r"/trombone/"),
    Library("tonejs-instruments", "trumpet", r"/trumpet/"),
    Library("tonejs-instruments", "tuba", r"/tuba/"),
    Library("tonejs-instruments", "violin", r"/violin/"),
    Library("tamtam", "accordion", r"/harmonium"),
    Library("tamtam", "banjo", r"/banjo"),
    Library("tamtam", "cello", r"/cello"),
    Library("tamtam", "clarinet", r"/clarinette"),
    Library("tamtam", "flute", r"/flute"),
    Library("tamtam", "guitar", r"/(acguit|guit)"),
    Library("tamtam", "harpsichord", r"/harpsichord"),
    Library("tamtam", "mallet_percussion", r"/marimba"),
    Library("tamtam", "mandolin", r"/mando"),
    Library("tamtam", "piano", r"/piano"),
    Library("tamtam", "saxophone", r"/sax"),
    Library("tamtam", "trumpet", r"/(trumpet|flugel)"),
    Library("tamtam", "tuba", r"/tuba"),
    Library("tamtam", "ukulele", r"/ukulele"),
    Library("tamtam", "violin", r"/violin"),
    Library("tamtam", "voice", r"/voix"),
    Library("forbidden-music", "bassoon", r"/bassoon/"),
    Library("forbidden-music", "guitar", r"/nylon_strings/"),
    Library("forbidden-music", "harp", r"/(celtic|k1)_harp/"),
    Library("forbidden-music", "harpsichord", r"/harpsichord/"),
    Library("forbidden-music", "mallet_percussion", r"/(glockenspiel|vibraphone)/"),
    Library("forbidden-music", "piano", r"/uni-iowa-piano/"),
    Library("forbidden-music", "trombone", r"/old_trombone/"),
    Library("forbidden-music", "violin", r"/violin_section/"),
)


@dataclass(slots=True)
class Recordings:
    """All files of the libraries that lie in ``root``, by label; notes are read when they are first played."""

    root: Path
    files: dict[str | None, list[tuple[str, list[Path]]]] = field(default_factory=dict)
    _read: dict[Path, NDArray[np.float16]] = field(default_factory=dict)

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
                few = found[:: -(-len(found) // MOST_FILES)]
                self.files.setdefault(library.label, []).append((library.source, few))

    def play(self, label: str | None, length_s: float, rng: np.random.Generator) -> tuple[Samples, str]:
        """Random notes of one library, one after the other or over each other, a little out of their pitch.

        Returns:
            the samples, and the library's ``source``.
        """
        libraries = self.files[label]
        source, files = libraries[int(rng.integers(len(libraries)))]
        out = np.zeros(int(length_s * SAMPLE_RATE), np.float32)
        at_s, detune = rng.uniform(0.0, 0.6), float(rng.uniform(-0.3, 0.3))
        if label in RELATIVES_SEMITONES and rng.random() < RELATIVES:
            detune += float(rng.choice(RELATIVES_SEMITONES[label]))
        many = rng.random() < 0.4
        tremolo = rng.random() < TREMOLO.get(label or "", 0.0)
        path: Path | None = None
        while at_s < length_s - 0.3:
            if not tremolo or path is None or rng.random() < 0.08:
                path = files[int(rng.integers(len(files)))]
            note = self._note(path)
            moved = not tremolo and rng.random() < 0.4
            semitones = detune + (float(rng.integers(-2, 3)) if moved else 0.0)
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
            if tremolo:
                at_s += rng.uniform(*STROKE_S)
            else:
                at_s += rng.uniform(0.1, 0.6) if many else step_s * rng.uniform(0.8, 1.0) + rng.uniform(0.0, 0.5)
            if not many and not tremolo and rng.random() < 0.2:
                break
        return out, source

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
            self._read[path] = (note / max(float(np.abs(note).max(initial=0.0)), 1e-3)).astype(np.float16)
        return self._read[path].astype(np.float32)
