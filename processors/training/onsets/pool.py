"""A pool of dry rendered passages on disk, from which training draws and which it then spoils.

python -m processors.training.onsets.pool --works DIR --fonts A.sf2 B.sf2 --out DIR --count 3000
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .passages import find_works, random_passage
from .patches import PatchError, PatchSet
from .songs import merged, sing, voice_and_rest
from .soundfonts import PIANOS, PLUCKED, SUSTAINED, SoundFont
from .synthesis import random_instrument, synthesise

PASSAGE_S = 12.0
PASSAGES_A_SHARD = 50
SYNTHESISED, SUNG = 0.35, 0.25
"""Shares of passages by additive synthesis, and of those with a synthesised voice above samples."""
Source = SoundFont | PatchSet


@dataclass(frozen=True, slots=True)
class Rendered:
    """A dry passage: int16 samples at ``SAMPLE_RATE`` and its notes."""

    samples: NDArray[np.int16]
    notes: Notes


def render_passage(works: list[Path], sources: list[Source], rng: np.random.Generator) -> Rendered:
    """A random passage on random instruments: additive synthesis, samples, or a synthesised voice above samples."""
    notes = random_passage(works, PASSAGE_S, rng)
    kind = rng.random() if sources else 0.0
    if kind < SYNTHESISED:
        samples = synthesise(notes, PASSAGE_S, random_instrument(rng), rng)
    elif kind < SYNTHESISED + SUNG:
        top, rest = voice_and_rest(notes, rng)
        notes = merged(top, rest)
        samples = sing(top, _play(rest, sources, rng), PASSAGE_S, float(rng.uniform(-8.0, 14.0)), rng)
    else:
        samples = _play(notes, sources, rng)
    peak = max(float(np.abs(samples).max()), 1e-6)
    return Rendered((samples / peak * 30000.0).astype(np.int16), notes)


def _play(notes: Notes, sources: list[Source], rng: np.random.Generator) -> NDArray[np.float32]:
    source = sources[int(rng.integers(len(sources)))]
    if isinstance(source, PatchSet):
        return source.render(notes, PASSAGE_S, rng)
    programs, pedal = _programs(rng)
    return source.render(notes, PASSAGE_S, programs, rng, pedal, drums=bool(rng.random() < 0.05))


def _programs(rng: np.random.Generator) -> tuple[tuple[int, ...], bool]:
    if rng.random() < 0.55:
        return (int(rng.choice(PIANOS)),), bool(rng.random() < 0.6)
    if rng.random() < 0.5:
        return (int(rng.choice(PLUCKED if rng.random() < 0.35 else SUSTAINED)),), False
    anything = PIANOS + PLUCKED + SUSTAINED
    return tuple(int(p) for p in rng.choice(anything, rng.integers(2, 4), replace=False)), False


def write_shard(path: Path, passages: list[Rendered]) -> None:
    """Write passages as one ``.npz``, whole or not at all."""
    partial = path.with_suffix(".part")
    counts = [len(passage.notes) for passage in passages]
    with partial.open("wb") as file:
        np.savez(
            file,
            samples=np.stack([passage.samples for passage in passages]),
            counts=counts,
            onset_s=np.concatenate([passage.notes.onset_s for passage in passages]),
            duration_s=np.concatenate([passage.notes.duration_s for passage in passages]),
            pitch=np.concatenate([passage.notes.pitch for passage in passages]),
            velocity=np.concatenate([passage.notes.velocity for passage in passages]),
        )
    partial.rename(path)


def read_shard(path: Path) -> list[Rendered]:
    """The passages of a shard."""
    with np.load(path) as shard:
        edges = np.cumsum(shard["counts"])[:-1]
        parts = [np.split(shard[name], edges) for name in ("onset_s", "duration_s", "pitch", "velocity")]
        return [Rendered(samples, Notes(*notes)) for samples, *notes in zip(shard["samples"], *parts, strict=True)]


def main() -> None:
    """Render a pool; run several with different seeds to use several cores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--works", type=Path, nargs="+", required=True, help="folders of MIDI files")
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="SoundFonts to train on")
    parser.add_argument("--patches", type=Path, help="a timidity configuration of GUS patches to train on")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=3000, help="passages of 12 s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held-out", action="store_true", help="render the works kept for validation")
    args = parser.parse_args()
    works = [file for folder in args.works for file in find_works(folder)[1 if args.held_out else 0]]
    sources: list[Source] = [SoundFont(path) for path in args.fonts]
    if args.patches is not None:
        sources.append(PatchSet(args.patches))
    rng = np.random.default_rng(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    for number in range(args.count // PASSAGES_A_SHARD):
        passages: list[Rendered] = []
        while len(passages) < PASSAGES_A_SHARD:
            try:
                passages.append(render_passage(works, sources, rng))
            except PatchError as error:
                print(error, flush=True)
        write_shard(args.out / f"{args.seed:04d}-{number:04d}.npz", passages)
        print(f"{number + 1} shards, {(number + 1) * PASSAGES_A_SHARD * PASSAGE_S / 3600:.2f} h", flush=True)


if __name__ == "__main__":
    main()
