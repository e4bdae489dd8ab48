"""``continuo evaluate ablation``: fingerprints alone, embeddings alone, both."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from processors.embeddings.works import EmbeddedCatalogue
from processors.identify import Identifier
from processors.identify.confidence import evidence_of
from processors.identify.groups import group_notes
from processors.identify.matcher import MAX_NOTES
from processors.identify.search import Hit
from processors.notes import Notes
from processors.training.clips import TrueClip
from processors.training.twins import twins_of

from .measures import quantiles_ms, share

SURE = 0.9
"""With both, embeddings are asked only where the fingerprints are less confident."""
TOP = 5

Ranked = list[str]
"""Paths of works, best first, each once."""


@dataclass(slots=True)
class Tally:
    """One way's answers to the clips of one variant and length."""

    top1: list[bool] = field(default_factory=list)
    top5: list[bool] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def evaluate_ablation(
    identifier: Identifier,
    embedded: EmbeddedCatalogue,
    queries: Mapping[str, Sequence[TrueClip]],
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Look every clip up in every way.

    Args:
        queries: for each variant its clips.

    Returns:
        for each variant, length and way: top-1, top-5 and processor time; ``gain`` is the difference of top-1 to that
        of the fingerprints, clip by clip, so that its interval says whether it is more than chance.
    """
    ways: dict[str, Callable[[Notes], Ranked]] = {
        "fingerprints": lambda heard: _works_of(identifier.look_up(heard)),
        "embeddings": lambda heard: _nearest(embedded, heard),
        "embeddings, aligned": lambda heard: _works_of(embedded.hits(heard)),
        "both": lambda heard: _works_of(both(identifier, embedded, heard)),
        "both, quick": lambda heard: _works_of(both(identifier, embedded, heard, quick=True)),
    }
    identifier.warm_up()
    for way in ways.values():
        way(next(clip.notes for clips in queries.values() for clip in clips))
    twins = twins_of(identifier.catalogue, {clip.path for clips in queries.values() for clip in clips})
    table: dict[str, Any] = {}
    for variant, clips in queries.items():
        lengths: dict[str, dict[str, Tally]] = {}
        for clip in clips:
            tallies = lengths.setdefault(f"{clip.length_s:g} s", {name: Tally() for name in ways})
            heard = _middle(clip.notes)
            for name, way in ways.items():
                started = time.thread_time()
                ranked = way(heard)
                tallies[name].cpu_ms.append((time.thread_time() - started) * 1000.0)
                tallies[name].top1.append(bool(ranked) and ranked[0] in twins[clip.path])
                tallies[name].top5.append(any(path in twins[clip.path] for path in ranked[:TOP]))
            progress()
        table[variant] = {length: _rows(lengths[length]) for length in sorted(lengths, key=_seconds)}
    return table


def both(identifier: Identifier, embedded: EmbeddedCatalogue, heard: Notes, quick: bool = False) -> list[Hit]:
    """The fingerprints' passages, and where they are not sure those of the embeddings too, ranked together.

    ``quick``: embeddings take the place of the fingerprints' searches for music with many mistakes.
    """
    found = identifier.look_up(heard, quick)
    if found and identifier.confidence.known(evidence_of(found, len(group_notes(heard).pitch))) >= SURE:
        return found
    return embedded.improve(heard, found)


def _nearest(embedded: EmbeddedCatalogue, heard: Notes) -> Ranked:
    return [segment.info(work).path for segment, work in embedded.works(heard)[:TOP]]


def _works_of(hits: Sequence[Hit]) -> Ranked:
    return [hit.segment.info(hit.work).path for hit in hits[:TOP]]


def _middle(notes: Notes) -> Notes:
    start = max(len(notes) - MAX_NOTES, 0) // 2
    part = slice(start, start + MAX_NOTES)
    return Notes(notes.onset_s[part], notes.duration_s[part], notes.pitch[part], notes.velocity[part])


def _rows(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    base = tallies["fingerprints"].top1
    return {
        name: {
            "top1": share(tally.top1),
            "top5": share(tally.top5),
            "gain": share([float(a) - float(b) for a, b in zip(tally.top1, base, strict=True)]),
            "cpu_ms": quantiles_ms(tally.cpu_ms),
        }
        for name, tally in tallies.items()
    }


def _seconds(length: str) -> float:
    return float(length.split()[0])
