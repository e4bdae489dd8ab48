"""``continuo evaluate instruments``: rendered mixes whose instruments are known, and recordings of one instrument."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.audio import decode_audio
from processors.instruments import LABELS, InstrumentDetector, label_of
from processors.instruments.constants import SAMPLE_RATE
from processors.training.instruments.average_precision import average_precision
from processors.training.instruments.playing import beats_on, in_range, parts_of
from processors.training.instruments.programs import KITS, PLAYING, Program
from processors.training.instruments.synth import DRUM_BANK, Synth
from processors.training.onsets.passages import find_works, random_passage

from .measures import share
from .rendering import record

LENGTH_S = 10.0
PARTS = (0.25, 0.3, 0.25, 0.2)
"""Shares of clips with one, two, ... parts."""
BEATS = 0.25
"""Share of clips with drums or cymbals, or both."""
QUIETEST_DB = -40.0
"""A part so far below the loudest one is no truth, and not played either."""
BINS = 10


@dataclass(frozen=True, slots=True)
class KnownClip:
    """Sound and the labels that are heard in it; mono float32 at ``rate_hz``."""

    name: str
    group: str
    samples: NDArray[np.float32]
    rate_hz: int
    labels: frozenset[str]


def rendered_clips(works: Path, fonts: Sequence[Path], count: int, seed: int) -> Iterator[KnownClip]:
    """Passages of held-out works in one to four parts, on instruments drawn from those that a font holds, recorded.

    A room for three of four, noise at 30, 20 and 10 dB in turn, as for ``continuo evaluate audio``.
    """
    held_out = find_works(works)[1]
    for font in fonts:
        rng = np.random.default_rng(seed)
        synth = Synth(font)
        for number in range(count):
            parts = _parts(held_out, synth, rng)
            mix = np.sum([samples for samples, _ in parts], axis=0).astype(np.float32)
            labels = frozenset(label for _, labels in parts for label in labels)
            samples = record(mix, "base", number, rng)
            yield KnownClip(f"{synth.name} {number}", synth.name, samples, SAMPLE_RATE, labels)


def recordings(labels_csv: Path, root: Path) -> tuple[list[KnownClip], list[str]]:
    """Real recordings of a single instrument that has a label; and the paths of those whose instrument has none."""
    clips, without = [], []
    with labels_csv.open(newline="") as file:
        for row in csv.DictReader(file):
            named = [name for name in (row["instruments"] or "").split(";") if name.strip()]
            if row["real"] != "1" or len(named) != 1:
                continue
            label = label_of(named[0])
            if label is None:
                without.append(row["path"])
                continue
            sound = decode_audio((root / row["path"]).read_bytes())
            clips.append(KnownClip(row["path"], "recordings", sound.samples, sound.rate_hz, frozenset({label})))
    return clips, without


def evaluate_rendered(detector: InstrumentDetector, clips: Iterator[KnownClip]) -> dict[str, Any]:
    """Average precision of each label, calibration, and the share of clips of one instrument that is told first."""
    scores, truth, groups = [], [], []
    for clip in clips:
        scores.append(detector.detect(clip.samples, clip.rate_hz).probability)
        truth.append([label in clip.labels for label in LABELS])
        groups.append(clip.group)
    score, heard, group = np.array(scores), np.array(truth), np.array(groups)
    return {
        "clips": len(score),
        "map": _mean(score, heard),
        "map_by_font": {name: _mean(score[group == name], heard[group == name]) for name in dict.fromkeys(groups)},
        "ap": _each(score, heard),
        "calibration": calibration(score, heard),
        "one_instrument_first": share(_first(score, heard)),
    }


def evaluate_recordings(detector: InstrumentDetector, clips: Sequence[KnownClip], without: list[str]) -> dict[str, Any]:
    """How often the right label is first, and among the first three; what was told first in its place."""
    first, three, rows = [], [], []
    for clip in clips:
        (label,) = clip.labels
        ranked = [one.label for one in detector.detect(clip.samples, clip.rate_hz).ranked()]
        first.append(ranked[0] == label)
        three.append(label in ranked[:3])
        rows.append({"path": clip.name, "label": label, "told": ranked[:3]})
    by_label = {
        label: {
            "count": sum(row["label"] == label for row in rows),
            "first": sum(row["label"] == label == row["told"][0] for row in rows),
            "three": sum(row["label"] == label and label in row["told"] for row in rows),
        }
        for label in LABELS
        if any(row["label"] == label for row in rows)
    }
    return {"first": share(first), "three": share(three), "by_label": by_label, "rows": rows, "without_label": without}


def calibration(score: NDArray[np.floating], truth: NDArray[np.bool_]) -> dict[str, Any]:
    """How often a label is heard, by the probability that was told; the error is their mean distance."""
    told, heard = score.ravel(), truth.ravel()
    number = np.minimum((told * BINS).astype(int), BINS - 1)
    bins = [
        {
            "told": round(float(told[number == k].mean()), 4),
            "heard": round(float(heard[number == k].mean()), 4),
            "count": int((number == k).sum()),
        }
        for k in range(BINS)
        if (number == k).any()
    ]
    error = sum(row["count"] * abs(row["told"] - row["heard"]) for row in bins) / max(len(told), 1)
    return {"error": round(error, 4), "bins": bins}


def _parts(
    works: list[Path], synth: Synth, rng: np.random.Generator
) -> list[tuple[NDArray[np.float32], tuple[str, ...]]]:
    """Parts that are heard: samples and labels."""
    while True:
        count = 1 + int(rng.choice(len(PARTS), p=PARTS))
        made: list[tuple[NDArray[np.float32], tuple[str, ...]]] = []
        for notes in parts_of(random_passage(works, LENGTH_S, rng), count):
            able = {
                label: [program for program in playing.programs if synth.has(program)]
                for label, playing in PLAYING.items()
            }
            label = str(rng.choice([label for label, programs in able.items() if programs]))
            program = able[label][int(rng.integers(len(able[label])))]
            part = in_range(notes, program, PLAYING[label].alone, rng)
            made.append((synth.play(part, program, LENGTH_S, rng, False, PLAYING[label].sustained), (label,)))
        if rng.random() < BEATS:
            kind = str(rng.choice(("drums", "cymbals", "both")))
            kits = [kit for kit in (Program(kit, 0, 127, bank=DRUM_BANK) for kit in KITS) if synth.has(kit)]
            kit = kits[int(rng.integers(len(kits)))]
            labels = ("drums", "cymbals") if kind == "both" else (kind,)
            made.append((synth.play(beats_on(kind, LENGTH_S, rng), kit, LENGTH_S, rng, False, False), labels))
        loudest = max(float(samples.std()) for samples, _ in made)
        if loudest > 1e-4:
            return [part for part in made if part[0].std() > loudest * 10.0 ** (QUIETEST_DB / 20.0)]


def _each(score: NDArray[np.floating], truth: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    return {
        label: {"ap": round(average_precision(score[:, k], truth[:, k]), 4), "clips": int(truth[:, k].sum())}
        for k, label in enumerate(LABELS)
        if truth[:, k].any()
    }


def _mean(score: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    return round(float(np.mean([row["ap"] for row in _each(score, truth).values()])), 4)


def _first(score: NDArray[np.floating], truth: NDArray[np.bool_]) -> list[bool]:
    alone = truth.sum(axis=1) == 1
    return [bool(heard[np.argmax(told)]) for told, heard in zip(score[alone], truth[alone], strict=True)]
