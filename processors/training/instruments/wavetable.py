"""SoundFonts as small synthesizers hold them: few samples for all keys, of low rates, each looped soon after its start.

python -m processors.training.instruments.wavetable FONT.sf2 OTHER.sf3 FOLDER --out DIR --seed 1

Sound cards, telephones and cheap keyboards keep an instrument in some hundred samples: the attack and a cycle or a few.
Shrinking large fonts to that makes as many small ones as are wanted, each another way, from what is free.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from .soundfont_file import (
    COARSE_TUNE,
    FINE_TUNE,
    GAP,
    MODES,
    NOTHING,
    OFFSETS,
    ROOT,
    SAMPLE,
    Sample,
    SoundFontFile,
    Table,
    change,
    value,
)

Samples = NDArray[np.float32]
SMALL_FONT = "small_"
"""What names of shrunk fonts begin with."""
RATE_HZ = (5_500.0, 22_050.0)
ZONES = (1, 2, 3, 4)
SINGLE_CYCLE, EIGHT_BITS, FAITHFUL = 0.6, 0.4, 0.15
"""Shares: of fonts whose loops are single cycles, of fonts of 8 bits, and of samples of any that keep their loop."""
LOOP_AT_S = (0.02, 0.25)
CYCLE_S, LONGER_S = (1 / 2500, 1 / 40), (0.03, 0.25)
"""Lengths of loops."""
SHORT_S, SHORTEST = 0.2, 8
"""A sample's own loop is seldom kept if it is longer, and never if it has fewer samples."""
COMPARED_S = 0.02
ALIKE, NEAR_BEST = 0.5, 0.9
"""Sound that repeats itself less than so, such as a drum's, gets no loop. A cycle is the first that is nearly best."""
LOUDNESS_S, LOUDER = 0.03, 2.0


@dataclass(frozen=True, slots=True)
class Shrinking:
    """How a font is shrunk.

    Attributes:
        rate_hz: about, of all samples.
        single_cycle: loops are as short as a cycle.
        eight_bits: samples have 8 bits.
        zones: samples of an instrument that are kept.
    """

    rate_hz: float
    single_cycle: bool
    eight_bits: bool
    zones: int

    @classmethod
    def random(cls, rng: np.random.Generator) -> Shrinking:
        """Any."""
        return cls(
            float(np.exp(rng.uniform(*np.log(RATE_HZ)))),
            bool(rng.random() < SINGLE_CYCLE),
            bool(rng.random() < EIGHT_BITS),
            int(rng.choice(ZONES)),
        )


def shrink(font: bytes, how: Shrinking, rng: np.random.Generator) -> bytes:
    """A SoundFont, SF2 or SF3, to a smaller one, SF2.

    Raises:
        ValueError: these are no SoundFont's bytes.
    """
    file = SoundFontFile.parse(font)
    for zones in file.instruments():
        _share_samples([zone for zone in zones if SAMPLE in zone["what"]], file.headers, how.zones)
    used, looped = _used(file)
    silence = Sample(np.zeros(GAP, np.float32), (0, GAP), int(how.rate_hz))
    samples = [
        _small(file.sample(number), number in looped, how, rng) if number in used else silence
        for number in range(len(file.headers) - 1)
    ]
    # they moved places in samples that are others now
    file.settings["what"][np.isin(file.settings["what"], OFFSETS)] = NOTHING
    return file.written(samples)


def _share_samples(zones: list[Table], headers: Table, most: int) -> None:
    """Zones of an instrument play the samples of the few that are kept, the nearest by their roots; in place."""
    if not zones:
        return
    roots = np.array([_root(zone, headers) for zone in zones])
    wanted = np.quantile(roots, (np.arange(most) + 0.5) / most)
    kept = np.unique([int(np.abs(roots - root).argmin()) for root in wanted])
    models = {k: {what: value(zones[k], what) for what in (SAMPLE, COARSE_TUNE, FINE_TUNE, MODES, ROOT)} for k in kept}
    for zone, root in zip(zones, roots, strict=True):
        model = models[kept[int(np.abs(roots[kept] - root).argmin())]]
        said = {what: said or 0 for what, said in model.items()}
        if model[ROOT] is None:
            said[ROOT] = int(headers["root"][said[SAMPLE]])
        # a zone cannot take over what it has no place for
        if all(value(zone, what) is not None or model[what] is None for what in model):
            for what, to in said.items():
                change(zone, what, to)


def _root(zone: Table, headers: Table) -> int:
    own = value(zone, ROOT)
    return int(headers["root"][value(zone, SAMPLE)]) if own is None else own


def _used(file: SoundFontFile) -> tuple[set[int], set[int]]:
    """Numbers of the samples that are played, and of those that any zone loops.

    What an instrument's first zone says, if it has no sample, holds for its others.
    """
    used, looped = set(), set()
    for zones in file.instruments():
        common = 0
        for zone in zones:
            sample, modes = value(zone, SAMPLE), value(zone, MODES)
            if sample is None:
                common = modes or 0
                continue
            used.add(sample)
            if (common if modes is None else modes) & 1:
                looped.add(sample)
    return used, looped


def _small(sample: Sample, looped: bool, how: Shrinking, rng: np.random.Generator) -> Sample:
    """A sample shrunk; one that no zone loops goes on in a loop of its own, as loud as it was in each moment."""
    share = min(how.rate_hz / sample.rate_hz, 1.0)
    start, length = sample.loop[0], float(sample.loop[1] - sample.loop[0])
    own = looped and SHORTEST <= length <= SHORT_S * sample.rate_hz and rng.random() < FAITHFUL
    found = None if own else _repeats(sample.played, sample.rate_hz, how.single_cycle, rng)
    if found is not None:
        start, length = found
    elif not looped or length < SHORTEST:
        played = _resampled(sample.played, share)
        return Sample(_bits(played, how), (0, len(played)), round(sample.rate_hz * share))
    # the rate is such that a loop has a whole number of samples, so that it is in tune
    steps = max(round(length * share), SHORTEST)
    ratio = steps / length
    heard = _resampled(sample.played, ratio)
    start = min(max(round(start * ratio), 1), len(heard) - steps)
    count = GAP // steps + 3 if looped else max(-(-(len(heard) - start) // steps), 3)
    played = np.concatenate([heard[:start], np.tile(_joined(heard, start, steps), count)])
    if not looped:
        played = _as_loud_as(heard, played, start, int(LOUDNESS_S * sample.rate_hz * ratio))
    return Sample(_bits(played, how), (start + steps, start + 2 * steps), round(sample.rate_hz * ratio))


def _repeats(played: Samples, rate_hz: int, single_cycle: bool, rng: np.random.Generator) -> tuple[int, float] | None:
    """Where a loop may begin and how long it is: what follows it is most like what it begins with. None for noise.

    Lengths lie between samples, by a parabola through the most alike and its neighbours: a cycle must be in tune.
    """
    compared = int(COMPARED_S * rate_hz)
    shortest_s, longest_s = CYCLE_S if single_cycle else LONGER_S
    shortest, longest = max(int(shortest_s * rate_hz), SHORTEST), int(longest_s * rate_hz)
    start = int(np.exp(rng.uniform(*np.log(LOOP_AT_S))) * rate_hz)
    start = min(max(start, shortest), len(played) - compared - longest - 1)
    if start < shortest:
        return None
    begins, after = played[start : start + compared], played[start + shortest : start + longest + compared]
    power = np.convolve(after**2, np.ones(compared, np.float32), "valid") * np.square(begins).sum()
    like = np.correlate(after, begins, "valid") / np.sqrt(np.maximum(power, 1e-12))
    if like.max() < ALIKE:
        return None
    place = int(like.argmax())
    if single_cycle:
        higher = (like[1:-1] >= like[:-2]) & (like[1:-1] > like[2:]) & (like[1:-1] > NEAR_BEST * like.max())
        place = int(np.flatnonzero(higher)[0]) + 1 if higher.any() else place
    return start, shortest + place + _summit(like, place)


def _summit(like: NDArray[np.floating], place: int) -> float:
    """How far the top of a parabola through a peak and its neighbours lies from it."""
    if not 0 < place < len(like) - 1:
        return 0.0
    before, at, after = (float(x) for x in like[place - 1 : place + 2])
    bend = before - 2.0 * at + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0.0 else 0.0


def _joined(played: Samples, start: int, length: int) -> Samples:
    """A loop that ends as what lies before it does, so that it can be repeated without a step."""
    loop = played[start : start + length].copy()
    faded = min(length // 2, start)
    if faded:
        fade = np.linspace(0.0, 1.0, faded, dtype=np.float32)
        loop[-faded:] = (1.0 - fade) * loop[-faded:] + fade * played[start - faded : start]
    return loop


def _as_loud_as(heard: Samples, played: Samples, start: int, size: int) -> Samples:
    """What is repeated from ``start`` on made as loud as what was heard, in each moment."""
    window = np.ones(max(size, 1), np.float32) / max(size, 1)
    loudness = np.sqrt(np.maximum(np.convolve(heard**2, window, "same"), 1e-12))
    gain = np.minimum(loudness[start:] / loudness[start], LOUDER)
    rest = np.arange(len(played) - start)
    later = np.interp(rest, np.arange(len(gain)), gain, right=0.0).astype(np.float32)
    return np.concatenate([played[:start], played[start:] * later])


def _resampled(played: Samples, ratio: float) -> Samples:
    return np.asarray(soxr.resample(played, 1.0, ratio, "LQ"), np.float32) if ratio != 1.0 else played


def _bits(played: Samples, how: Shrinking) -> Samples:
    """The same with as many levels as 8 bits hold, or as it is."""
    step = float(np.abs(played).max(initial=0.0)) / 127.0
    return np.asarray(np.round(played / step) * step, np.float32) if how.eight_bits and step > 0.0 else played


def main() -> None:
    """Shrink fonts from the command line, each to a file or, where it was a folder of files, to such a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    for font in args.fonts:
        if font.is_dir():
            pairs = [
                (path, args.out / f"{SMALL_FONT}{font.name}" / path.name) for path in sorted(font.glob("*.sf[23]"))
            ]
        else:
            pairs = [(font, args.out / f"{SMALL_FONT}{font.stem}.sf2")]
        for path, small in pairs:
            small.parent.mkdir(parents=True, exist_ok=True)
            small.write_bytes(shrink(path.read_bytes(), Shrinking.random(rng), rng))
        print(font, flush=True)


if __name__ == "__main__":
    main()
