"""Makes the queries that text search is measured with, from a seed: claims about scores in varied words.

The words share nothing with those of the training but the instruments' names and the terms "major" and "minor"; a test
holds them to it. ``python -m ops.evaluate.search_queries --manifest CSV --root DIR --out queries.json``
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from .search_truth import TRUTHS, ScoreFacts, grade, read_score_facts

COUNT = 200
LEAST_WORKS = 5
"""A query is kept if so many scores answer it in full."""
MOST_SHARE = 0.2
"""And not more than this share of all."""

_READ: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("search_words.yaml").read_text("utf-8"))
WORDS: dict[str, list[str]] = _READ["claims"]
OTHER_NAMES: dict[str, list[str]] = _READ["instruments"]
SHAPES: dict[str, list[str]] = _READ["shapes"]
QUERIES = Path(__file__).with_name("search_queries.json")
"""The queries as they were made."""


def worded(claim: str, rng: np.random.Generator) -> str:
    """One wording of a claim."""
    if claim in WORDS:
        return str(rng.choice(WORDS[claim]))
    kind, names = claim.split(":")
    called = [str(rng.choice(OTHER_NAMES.get(name, (name,)))) for name in names.split("+")]
    return str(rng.choice(SHAPES[kind])).format(*called)


def make_queries(scores: list[ScoreFacts], seed: int = 1, count: int = COUNT) -> list[dict[str, object]]:
    """Queries of two to four claims, one of them about what plays in four of five."""
    rng = np.random.default_rng(seed)
    about = [
        claim for claim in TRUTHS if not claim.startswith(("tempo", "mode", "texture", "metre", "register", "length"))
    ]
    kinds = {kind: [c for c in TRUTHS if c.startswith(f"{kind}:")] for kind in ("tempo", "mode", "texture", "metre")}
    rarer = {kind: [c for c in TRUTHS if c.startswith(f"{kind}:")] for kind in ("register", "length")}
    queries: list[dict[str, object]] = []
    seen: set[tuple[str, ...]] = set()
    while len(queries) < count:
        claims = [str(rng.choice(about))] if rng.random() < 0.8 else []
        others = list(rng.permutation(list(kinds)))[: int(rng.integers(1, 4))]
        claims += [str(rng.choice(kinds[kind])) for kind in others]
        if rng.random() < 0.15:
            claims.append(str(rng.choice(rarer[str(rng.choice(list(rarer)))])))
        chosen = tuple(sorted(claims))
        answers = sum(grade(chosen, facts) == 2 for facts in scores)
        if len(chosen) < 2 or chosen in seen or not LEAST_WORKS <= answers <= MOST_SHARE * len(scores):
            continue
        seen.add(chosen)
        parts = [worded(claim, rng) for claim in rng.permutation(claims)]
        text = str(rng.choice(SHAPES["sentences"])).format(", ".join(parts))
        queries.append({"text": text, "claims": list(chosen), "answers": answers})
    return queries


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=QUERIES)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with arguments.manifest.open(newline="", encoding="utf-8") as file:
        facts = [read_score_facts(arguments.root / row["path"]) for row in csv.DictReader(file)]
    queries = make_queries([one for one in facts if one is not None], arguments.seed)
    lines = ",\n".join(json.dumps(query, ensure_ascii=False) for query in queries)
    arguments.out.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
