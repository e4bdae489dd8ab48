"""Text search measured: descriptive queries, judged by facts of the scores, beside simpler ways to rank."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.identify import Catalogue
from processors.search.concepts import CONCEPTS, MUSIC, Concept, degree
from processors.search.facts import Facts, facts_of
from processors.search.index import SearchIndex
from processors.search.model import SearchModel, name_text
from processors.search.text import TextEncoder

from .search_queries import QUERIES
from .search_truth import ScoreFacts, grade, read_score_facts

TOP = 10
K1, B = 1.2, 0.75
"""Of BM25: Robertson and Zaragoza, 2009."""
EXAMPLE_S = 30.0
HELD_OUT_SHARE = 0.2
"""Works that training never saw: chosen as training chooses them, in the catalogue's order."""
SAID = 0.5
WORD = re.compile(r"\w+")

Scores = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Works that are searched, in the order of the index's rows.

    Attributes:
        facts: as the index knows them.
        names: composer and title.
        truth: facts of the scores themselves.
    """

    index: SearchIndex
    facts: list[Facts]
    names: list[str]
    truth: list[ScoreFacts | None]


def load_collection(catalogue: Path, manifest: Path, root: Path, model: SearchModel) -> Collection:
    """The works of a catalogue that was built from the manifest.

    Raises:
        CatalogueError: the catalogue cannot be read.
        OSError: the manifest or a score cannot be read.
    """
    index = SearchIndex.of(Catalogue.open(catalogue), model)
    with manifest.open(newline="", encoding="utf-8") as file:
        scores = {row["path"]: read_score_facts(root / row["path"]) for row in csv.DictReader(file)}
    facts, names, truth = [], [], []
    for row in range(len(index)):
        segment, number = index.catalogue.segments[int(index.rows.segment[row])], int(index.rows.number[row])
        facts.append(facts_of(segment.work_notes(number), segment.score_beats(number), segment.score_parts(number)))
        info = index.info(row)
        names.append(name_text(info.composer, info.title))
        truth.append(scores.get(info.path))
    return Collection(index, facts, names, truth)


def evaluate_search(collection: Collection, model: SearchModel, encoder: TextEncoder) -> dict[str, Any]:
    """Mean nDCG@10 of each way to rank: graded (all claims true 3, all but one of several 1) and strict (all or none);
    over all works, and with the works alone that training never saw."""
    queries = json.loads(QUERIES.read_text("utf-8"))
    claims = [tuple(query["claims"]) for query in queries]
    grades = np.array([[grade(one, facts) for facts in collection.truth] for one in claims])
    texts = [query["text"] for query in queries]
    held_out = np.random.default_rng(1).random(len(collection.names)) < HELD_OUT_SHARE
    ways = _ways(collection, model, encoder, texts, grades)
    table = {}
    for name, scores in ways.items():
        own = _examples_left_out(grades, name, collection)
        table[name] = {
            "graded": _ndcg(scores, 2.0**own - 1.0),
            "strict": _ndcg(scores, (own == 2).astype(float)),
            "held_out_works": _ndcg(scores[:, held_out], 2.0 ** own[:, held_out] - 1.0),
        }
    return {"works": len(collection.names), "queries": len(queries), "held_out": int(held_out.sum()), "ndcg": table}


def _ways(
    collection: Collection, model: SearchModel, encoder: TextEncoder, texts: Sequence[str], grades: NDArray[np.int64]
) -> dict[str, Scores]:
    sheets = [f"{name}. {sheet(facts)}" for name, facts in zip(collection.names, collection.facts, strict=True)]
    plain = np.array([encoder([text]).mean[0] for text in texts])
    vectors = collection.index.rows.vector.astype(np.float32)
    queries = np.array([model.query(text) for text in texts])
    music = queries.copy()
    music[:, MUSIC:] = 0.0
    rows = _example_rows(grades).tolist()
    heard = [_half_minute(collection, row) for row in rows]
    files = [collection.facts[row] for row in rows]

    def both(examples: Sequence[Facts]) -> Scores:
        return np.array([model.both(*pair, ALPHA) for pair in zip(texts, examples, strict=True)]) @ vectors.T

    return {
        "BM25 over metadata": bm25(collection.names, texts),
        "text encoder over metadata": plain @ _means(collection.names, encoder).T,
        "BM25 over fact sheets": bm25(sheets, texts),
        "text encoder over fact sheets": plain @ _means(sheets, encoder).T,
        "search, without names": music @ vectors.T,
        "search": queries @ vectors.T,
        f"notes {EXAMPLE}": np.array([model.music(facts) for facts in heard]) @ vectors.T,
        f"file {EXAMPLE}": np.array([model.music(facts) for facts in files]) @ vectors.T,
        f"hybrid: search, and notes {EXAMPLE}": both(heard),
        f"hybrid: search, and file {EXAMPLE}": both(files),
    }


EXAMPLE = "of an example"
ALPHA = 0.7


def _example_rows(grades: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each query a work that answers it in full."""
    rng = np.random.default_rng(7)
    return np.array([rng.choice(np.flatnonzero(row == 2)) for row in grades])


def _half_minute(collection: Collection, row: int) -> Facts:
    """Music as a listener has it: half a minute of onsets and pitches, and nothing else."""
    index = collection.index
    notes = index.catalogue.segments[int(index.rows.segment[row])].work_notes(int(index.rows.number[row]))
    start_s = max(0.0, (notes.end_s - EXAMPLE_S) / 2)
    part = notes.between(start_s, start_s + EXAMPLE_S)
    return facts_of(part if len(part) else notes)


def _examples_left_out(grades: NDArray[np.int64], way: str, collection: Collection) -> NDArray[np.int64]:
    """An example is no answer to the query that it is given with: it counts as not asked for."""
    if EXAMPLE not in way:
        return grades
    left = grades.copy()
    left[np.arange(len(grades)), _example_rows(grades)] = 0
    return left


def sheet(facts: Facts) -> str:
    """What is known of a work as a text: every concept that holds."""
    said = []
    for concept in CONCEPTS:
        holds = degree(concept, facts)
        if holds is not None and holds > SAID:
            said.append(_SAYS.get(concept.kind, "{}").format(_value(concept)))
    return ", ".join(said)


_SAYS = {
    "plays": "with {}",
    "kinds": "{} kinds of instruments",
    "tempo": "{} tempo",
    "bpm": "{} beats per minute",
    "mode": "{} mode",
    "key": "in {}",
    "metre": "{} metre",
    "register": "{} register",
    "length": "{} duration",
}
_TONICS = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")


def _value(concept: Concept) -> str:
    if concept.kind != "key":
        return concept.value
    number = int(concept.value)
    return f"{_TONICS[number % 12]} {'minor' if number >= 12 else 'major'}"


def bm25(documents: Sequence[str], queries: Sequence[str]) -> Scores:
    """Scores of documents for queries, float64 [queries, documents], by the words that they share."""
    words = [Counter(WORD.findall(document.lower())) for document in documents]
    lengths = np.array([sum(count.values()) for count in words], float)
    weight = K1 * (1.0 - B + B * lengths / max(lengths.mean(), 1e-9))
    places: dict[str, list[int]] = {}
    for number, count in enumerate(words):
        for word in count:
            places.setdefault(word, []).append(number)
    scores = np.zeros((len(queries), len(documents)))
    for row, query in enumerate(queries):
        for word in set(WORD.findall(query.lower())) & places.keys():
            at = np.array(places[word])
            counts = np.array([words[number][word] for number in at.tolist()])
            rarity = np.log(1.0 + (len(documents) - len(at) + 0.5) / (len(at) + 0.5))
            scores[row, at] += rarity * counts * (K1 + 1.0) / (counts + weight[at])
    return scores


def _means(texts: Sequence[str], encoder: TextEncoder) -> NDArray[np.float32]:
    order = np.argsort([len(text) for text in texts], kind="stable")
    means = np.zeros((len(texts), encoder.width), np.float32)
    for start in range(0, len(order), 32):
        rows = order[start : start + 32]
        means[rows] = encoder([texts[row] for row in rows.tolist()]).mean
    return means


def _ndcg(scores: Scores, gains: Scores) -> float:
    """Mean nDCG@10 of the queries that have an answer; equal scores are ordered by chance, the same each time."""
    tie_breaks = np.random.default_rng(0).random(scores.shape[1])
    discount = 1.0 / np.log2(np.arange(2, TOP + 2))
    values = []
    for score, gain in zip(scores, gains, strict=True):
        best = np.sort(gain)[::-1][:TOP]
        if best[0] <= 0:
            continue
        order = np.lexsort((tie_breaks, -score))[:TOP]
        values.append(float((gain[order] * discount[: len(order)]).sum() / (best * discount[: len(best)]).sum()))
    return round(float(np.mean(values)), 4)
