"""What training needs of works and queries, computed once: vectors, encoded texts and truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.identify import Catalogue
from processors.search.concepts import music_vector
from processors.search.facts import Facts, facts_of
from processors.search.model import name_text
from processors.search.text import TextEncoder

from . import wordings
from .queries import QueryMaker, Relevance

BATCH = 192
HELD_OUT_SHARE = 0.2
"""Works that no query is made from and that are no answers in training."""
UNHEARD_SHARE = 0.12
"""Wordings left out of training, for the held-out queries."""
HELD_OUT_QUERIES = 400
HEARD, UNHEARD = "heard", "unheard"

Works = Sequence[tuple[Facts, str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """Queries about held-out works, to be answered among these.

    Attributes:
        name: ``heard``, or ``unheard`` where no wording was learned.
        texts: float32 [queries, 2 WIDTH].
        truth: float32 [queries, held-out works], 0 to 1.
    """

    name: str
    texts: NDArray[np.float32]
    truth: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Everything that training needs.

    Attributes:
        music: float32 [works, MUSIC].
        names: float32 [works, WIDTH], the encoder's embedding of composer and title.
        held_out: bool [works].
        texts: float32 [queries, 2 WIDTH].
        truth: float16 [queries, works not held out].
        checks: queries that are not learned.
    """

    music: NDArray[np.float32]
    names: NDArray[np.float32]
    held_out: NDArray[np.bool_]
    texts: NDArray[np.float32]
    truth: NDArray[np.float16]
    checks: tuple[Check, ...]

    def save(self, path: Path) -> None:
        """Keep it in an ``.npz`` file."""
        checks = {f"{c.name}_{part}": getattr(c, part) for c in self.checks for part in ("texts", "truth")}
        own = {name: getattr(self, name) for name in ("music", "names", "held_out", "texts", "truth")}
        np.savez(path, **own, **checks)

    @classmethod
    def load(cls, path: Path) -> Prepared:
        """What ``save`` kept."""
        with np.load(path) as kept:
            checks = tuple(Check(name, kept[f"{name}_texts"], kept[f"{name}_truth"]) for name in (HEARD, UNHEARD))
            own = {name: kept[name] for name in ("music", "names", "held_out", "texts", "truth")}
            return cls(**own, checks=checks)


def prepare(catalogue: Path, encoder: TextEncoder, queries: int, seed: int, all_wordings: bool) -> Prepared:
    """Compute it from a catalogue; which works and wordings are held out is the same for all seeds."""
    works = _works(catalogue)
    held_out = np.random.default_rng(1).random(len(works)) < HELD_OUT_SHARE
    tables = (wordings.BEFORE, wordings.AFTER)
    said = sorted({word for table in tables for words in table.values() for word in words})
    chosen = np.random.default_rng(2).choice(said, int(len(said) * UNHEARD_SHARE), replace=False)
    unheard = frozenset(chosen.tolist())
    learnt = [works[i] for i in np.flatnonzero(~held_out).tolist()]
    maker = QueryMaker(learnt, np.random.default_rng(seed), frozenset() if all_wordings else unheard)
    made = [maker.make() for _ in range(queries)]
    relevance = Relevance(learnt)
    return Prepared(
        np.array([music_vector(facts) for facts, _, _ in works]),
        _encoded([name_text(composer, title) for _, title, composer in works], encoder)[:, : encoder.width]
        / np.float32(encoder.width**0.5),
        held_out,
        _encoded([query.text for query in made], encoder),
        np.array([relevance.of(query).astype(np.float16) for query in made]),
        tuple(
            _check(name, [works[i] for i in np.flatnonzero(held_out).tolist()], unheard, encoder)
            for name in (HEARD, UNHEARD)
        ),
    )


def _check(name: str, works: Works, unheard: frozenset[str], encoder: TextEncoder) -> Check:
    maker = QueryMaker(works, np.random.default_rng(3), unheard, only_left_out=name == UNHEARD)
    made = [maker.make() for _ in range(HELD_OUT_QUERIES)]
    relevance = Relevance(works)
    truth = np.array([relevance.of(query) for query in made])
    return Check(name, _encoded([query.text for query in made], encoder), truth)


def _works(path: Path) -> Works:
    works = []
    for segment in Catalogue.open(path).segments:
        for work in np.flatnonzero(~segment.removed).tolist():
            facts = facts_of(segment.work_notes(work), segment.score_beats(work), segment.score_parts(work))
            info = segment.info(work)
            works.append((facts, info.title, info.composer))
    return works


def _encoded(texts: Sequence[str], encoder: TextEncoder) -> NDArray[np.float32]:
    """Pooled tokens, in batches of texts of about one length."""
    order = np.argsort([len(text) for text in texts], kind="stable")
    rows = np.zeros((len(texts), 2 * encoder.width), np.float32)
    for start in range(0, len(order), 32):
        batch = order[start : start + 32]
        rows[batch] = encoder([texts[row] for row in batch]).pooled
    return rows
