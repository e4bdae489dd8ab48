"""A pool of dry stems on disk, each one instrument alone, as mel spectra; training mixes and spoils them.

python -m processors.training.instruments.pool --works DIR --fonts A.sf2 B.sf2 --out DIR --count 6000
python -m processors.training.instruments.pool --recorded DIR --out DIR --count 6000 --seed 2
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.instruments.constants import FRAME, SAMPLE_RATE
from processors.instruments.labels import LABELS
from processors.instruments.spectra import FLOOR, mel_power
from processors.notes import Notes
from processors.training.onsets.passages import find_works, random_passage
from processors.training.onsets.synthesis import random_singer, synthesise

from .playing import beats_on, in_range, parts_of, single_notes
from .plucked import play_plucked, random_plucked
from .programs import KITS, PLAYING, Playing, Program
from .recorded import Recordings
from .synth import DRUM_BANK, Synth

STEM_S = 6.0
STEM_FRAMES = int(STEM_S * SAMPLE_RATE / FRAME)
STEMS_A_SHARD = 500
LEVEL_STEP_DB, LOWEST_DB = 0.5, -120.0
"""Levels are kept as bytes."""
BEAT, SINGLE = 0.12, 0.4
"""Shares of beats and of single notes."""
MODELLED = {"voice": 0.4, "mandolin": 0.6, "ukulele": 0.6, "banjo": 0.15, "guitar": 0.1}
"""Share of a label's stems that no SoundFont plays: of some instruments the fonts hold few, or none that sounds so."""
BEATS = ("drums", "cymbals", "both", "other")
QUIETEST = 1e-3
HYBRID = "hybrid"
"""The source of stems between two fonts, ..."""
BETWEEN = (-0.2, 1.2)
"""... of which these are 0 and 1."""


@dataclass(frozen=True, slots=True)
class Stem:
    """One instrument alone.

    Attributes:
        level: uint8 (STEM_FRAMES, BANDS), see ``level_bytes``.
        labels: what is heard; none for what has no label.
        source: the SoundFont, or what else made it.
        group: stems of one group are parts of the same passage.
    """

    level: NDArray[np.uint8]
    labels: tuple[str, ...]
    source: str
    group: int


def played_stems(
    works: list[Path], synths: list[Synth], rng: np.random.Generator, hybrids: float = 0.0
) -> Iterator[Stem]:
    """Stems of SoundFonts without end: single notes, beats, and passages in one to four parts.

    Args:
        hybrids: share of them that lie between two SoundFonts; not of beats.
    """
    group = 0
    while True:
        group += 1
        kind = rng.random()
        if kind < BEAT:
            made = [_beats(synths, group, rng)]
        elif kind < BEAT + SINGLE:
            made = [_single(synths, group, rng, hybrids)]
        else:
            parts = parts_of(random_passage(works, STEM_S, rng), int(rng.integers(1, 5)))
            made = [_part(part, synths, group, rng, hybrids) for part in parts]
        yield from (stem for stem in made if stem is not None)


def recorded_stems(recordings: Recordings, rng: np.random.Generator) -> Iterator[Stem]:
    """Stems of recorded notes without end, all labels alike."""
    labels = list(recordings.files)
    group = 0
    while True:
        group += 1
        label = labels[int(rng.integers(len(labels)))]
        samples, source = recordings.play(label, STEM_S, rng)
        if (stem := _stem(samples, () if label is None else (label,), source, group)) is not None:
            yield stem


def _beats(synths: list[Synth], group: int, rng: np.random.Generator) -> Stem | None:
    kind = str(rng.choice(BEATS, p=(0.35, 0.3, 0.25, 0.1)))
    labels = {"both": ("drums", "cymbals"), "other": ()}.get(kind, (kind,))
    kits = [Program(kit, 0, 127, bank=DRUM_BANK) for kit in KITS]
    choices = [(synth, held) for synth in synths if (held := [kit for kit in kits if synth.has(kit)])]
    synth, held = choices[int(rng.integers(len(choices)))]
    kit = held[int(rng.integers(len(held)))]
    samples = synth.play(beats_on(kind, STEM_S, rng), kit, STEM_S, rng, False, False)
    return _stem(samples, labels, synth.name, group)


def _single(synths: list[Synth], group: int, rng: np.random.Generator, hybrids: float) -> Stem | None:
    choice = _choice(synths, rng)
    return _sounding(single_notes(choice.playing, choice.program, STEM_S, rng), choice, group, rng, 0.3, hybrids)


def _part(notes: Notes, synths: list[Synth], group: int, rng: np.random.Generator, hybrids: float) -> Stem | None:
    choice = _choice(synths, rng)
    return _sounding(in_range(notes, choice.program, choice.playing.alone, rng), choice, group, rng, 0.2, hybrids)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A label, a program of it, and the fonts that hold that."""

    label: str
    program: Program
    fonts: list[Synth]

    @property
    def playing(self) -> Playing:
        return PLAYING[self.label]


def _choice(synths: list[Synth], rng: np.random.Generator) -> _Choice:
    label = str(rng.choice(list(PLAYING)))
    able = {program: [synth for synth in synths if synth.has(program)] for program in set(PLAYING[label].programs)}
    programs = [program for program in PLAYING[label].programs if able[program]]
    program = programs[int(rng.integers(len(programs)))]
    return _Choice(label, program, able[program])


def _sounding(
    notes: Notes, choice: _Choice, group: int, rng: np.random.Generator, swells: float, hybrids: float
) -> Stem | None:
    """Notes on a model, on a font, or on two fonts and between them."""
    if rng.random() < MODELLED.get(choice.label, 0.0) and len(notes):
        return _stem(_modelled(notes, choice.label, rng), (choice.label,), "synthesis", group)
    swelling = choice.playing.sustained and rng.random() < swells
    one, *others = (choice.fonts[k] for k in rng.permutation(len(choice.fonts)))
    seed = int(rng.integers(1 << 32))

    def played(font: Synth) -> Stem | None:
        same = np.random.default_rng(seed)
        samples = font.play(notes, choice.program, STEM_S, same, swelling, choice.playing.sustained)
        return _stem(samples, (choice.label,), font.name, group)

    first = played(one)
    if not others or rng.random() >= hybrids:
        return first
    second = played(others[0])
    return None if first is None or second is None else _between(first, second, float(rng.uniform(*BETWEEN)))


def _between(one: Stem, other: Stem, place: float) -> Stem:
    """The same notes with levels between those of two fonts, or a little beyond."""
    level = one.level + place * (other.level.astype(np.float64) - one.level)
    return Stem(np.clip(np.round(level), 0, 255).astype(np.uint8), one.labels, HYBRID, one.group)


def _modelled(notes: Notes, label: str, rng: np.random.Generator) -> NDArray[np.float32]:
    if label == "voice":
        return synthesise(notes, STEM_S, random_singer(rng), rng)
    return play_plucked(notes, STEM_S, random_plucked(label, rng), rng)


def _stem(samples: NDArray[np.float32], labels: tuple[str, ...], source: str, group: int) -> Stem | None:
    """A stem of what is heard; none of silence."""
    if float(np.abs(samples).max(initial=0.0)) <= QUIETEST:
        return None
    return Stem(level_bytes(samples), labels, source, group)


def level_bytes(samples: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Levels of a stem whose loudest sample is at full scale: (STEM_FRAMES, BANDS), ``LEVEL_STEP_DB`` a step."""
    power = mel_power(samples / np.float32(np.abs(samples).max()), STEM_FRAMES)
    level_db = 10.0 * np.log10(power + FLOOR)
    return np.clip(np.round((level_db - LOWEST_DB) / LEVEL_STEP_DB), 0, 255).astype(np.uint8)


def write_pool(made: Iterator[Stem], count: int, out: Path, seed: int) -> None:
    """Write ``count`` stems as shards, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    for number in range(-(-count // STEMS_A_SHARD)):
        shard = [next(made) for _ in range(min(STEMS_A_SHARD, count - number * STEMS_A_SHARD))]
        truth = np.array([[label in stem.labels for label in LABELS] for stem in shard])
        path = out / f"{seed:04d}-{number:04d}.npz"
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            np.savez(
                file,
                level=np.stack([stem.level for stem in shard]),
                truth=truth,
                group=np.array([stem.group for stem in shard]),
                source=np.array([stem.source for stem in shard]),
            )
        partial.rename(path)
        print(f"{(number + 1) * STEMS_A_SHARD} stems", flush=True)


def main() -> None:
    """Make a pool; run several with different seeds to use several cores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=Path, nargs="+", help="folders of MIDI files")
    parser.add_argument("--fonts", type=Path, nargs="+", help="SoundFonts that play them, files or folders")
    parser.add_argument("--recorded", type=Path, help="instead of them the folder that holds the folders of LIBRARIES")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=6000, help="stems of 6 s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hybrids", type=float, default=0.0, help="share of played stems between two SoundFonts")
    parser.add_argument("--held-out", action="store_true", help="passages of the works kept for validation")
    args = parser.parse_args()
    if bool(args.recorded) == bool(args.works and args.fonts):
        parser.error("Give --works and --fonts, or --recorded.")
    rng = np.random.default_rng(args.seed)
    if args.recorded:
        made = recorded_stems(Recordings(args.recorded), rng)
    else:
        works = [file for folder in args.works for file in find_works(folder)[1 if args.held_out else 0]]
        made = played_stems(works, [Synth(path) for path in args.fonts], rng, args.hybrids)
    write_pool(made, args.count, args.out, args.seed)


if __name__ == "__main__":
    main()
