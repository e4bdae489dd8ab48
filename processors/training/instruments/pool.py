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
from .programs import KITS, PLAYING, Program
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


@dataclass(frozen=True, slots=True)
class Stem:
    """One instrument alone.

    Attributes:
        samples: float32 at ``SAMPLE_RATE``.
        labels: what is heard; none for what has no label.
        source: the SoundFont, or what else made it.
        group: stems of one group are parts of the same passage.
    """

    samples: NDArray[np.float32]
    labels: tuple[str, ...]
    source: str
    group: int


def played_stems(works: list[Path], synths: list[Synth], rng: np.random.Generator) -> Iterator[Stem]:
    """Stems of SoundFonts without end: single notes, beats, and passages in one to four parts."""
    group = 0
    while True:
        group += 1
        kind = rng.random()
        if kind < BEAT:
            yield from _only_heard([_beats(synths, group, rng)])
        elif kind < BEAT + SINGLE:
            yield from _only_heard([_single(synths, group, rng)])
        else:
            parts = parts_of(random_passage(works, STEM_S, rng), int(rng.integers(1, 5)))
            yield from _only_heard([_part(part, synths, group, rng) for part in parts])


def recorded_stems(recordings: Recordings, rng: np.random.Generator) -> Iterator[Stem]:
    """Stems of recorded notes without end, all labels alike."""
    labels = list(recordings.files)
    group = 0
    while True:
        group += 1
        label = labels[int(rng.integers(len(labels)))]
        samples, source = recordings.play(label, STEM_S, rng)
        yield from _only_heard([Stem(samples, () if label is None else (label,), source, group)])


def _beats(synths: list[Synth], group: int, rng: np.random.Generator) -> Stem:
    kind = str(rng.choice(BEATS, p=(0.35, 0.3, 0.25, 0.1)))
    labels = {"both": ("drums", "cymbals"), "other": ()}.get(kind, (kind,))
    kits = [Program(kit, 0, 127, bank=DRUM_BANK) for kit in KITS]
    choices = [(synth, held) for synth in synths if (held := [kit for kit in kits if synth.has(kit)])]
    synth, held = choices[int(rng.integers(len(choices)))]
    kit = held[int(rng.integers(len(held)))]
    return Stem(synth.play(beats_on(kind, STEM_S, rng), kit, STEM_S, rng, False, False), labels, synth.name, group)


def _single(synths: list[Synth], group: int, rng: np.random.Generator) -> Stem:
    label = str(rng.choice(list(PLAYING)))
    synth, program = _instrument(label, synths, rng)
    playing = PLAYING[label]
    notes = single_notes(playing, program, STEM_S, rng)
    if rng.random() < MODELLED.get(label, 0.0):
        return Stem(_modelled(notes, label, rng), (label,), "synthesis", group)
    samples = synth.play(notes, program, STEM_S, rng, playing.sustained and rng.random() < 0.3, playing.sustained)
    return Stem(samples, (label,), synth.name, group)


def _part(notes: Notes, synths: list[Synth], group: int, rng: np.random.Generator) -> Stem:
    label = str(rng.choice(list(PLAYING)))
    synth, program = _instrument(label, synths, rng)
    playing = PLAYING[label]
    part = in_range(notes, program, playing.alone, rng)
    if rng.random() < MODELLED.get(label, 0.0) and len(part):
        return Stem(_modelled(part, label, rng), (label,), "synthesis", group)
    samples = synth.play(part, program, STEM_S, rng, playing.sustained and rng.random() < 0.2, playing.sustained)
    return Stem(samples, (label,), synth.name, group)


def _modelled(notes: Notes, label: str, rng: np.random.Generator) -> NDArray[np.float32]:
    if label == "voice":
        return synthesise(notes, STEM_S, random_singer(rng), rng)
    return play_plucked(notes, STEM_S, random_plucked(label, rng), rng)


def _instrument(label: str, synths: list[Synth], rng: np.random.Generator) -> tuple[Synth, Program]:
    choices = [(program, able) for program in PLAYING[label].programs if (able := _able(synths, program))]
    program, able = choices[int(rng.integers(len(choices)))]
    return able[int(rng.integers(len(able)))], program


def _able(synths: list[Synth], program: Program) -> list[Synth]:
    return [synth for synth in synths if synth.has(program)]


def _only_heard(made: list[Stem]) -> list[Stem]:
    return [stem for stem in made if float(np.abs(stem.samples).max(initial=0.0)) > QUIETEST]


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
                level=np.stack([level_bytes(stem.samples) for stem in shard]),
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
    parser.add_argument("--held-out", action="store_true", help="passages of the works kept for validation")
    args = parser.parse_args()
    if bool(args.recorded) == bool(args.works and args.fonts):
        parser.error("Give --works and --fonts, or --recorded.")
    rng = np.random.default_rng(args.seed)
    if args.recorded:
        made = recorded_stems(Recordings(args.recorded), rng)
    else:
        works = [file for folder in args.works for file in find_works(folder)[1 if args.held_out else 0]]
        made = played_stems(works, [Synth(path) for path in args.fonts], rng)
    write_pool(made, args.count, args.out, args.seed)


if __name__ == "__main__":
    main()
