"""Queries made from works: some claims that hold of a work, in words; and how far each work answers each query."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.search.facts import Facts

from . import wordings
from .claims import CLAIMS, Claim, holds

HOLDS = 0.8
"""A claim that holds this far may be said of a work."""
NAMED_SHARE = 0.25
"""Queries that name a composer or words of a title, with or without claims."""
WEIGHTS = {
    "plays": 3.0, "only": 4.0, "pair": 4.0, "ensemble": 3.0, "tempo": 3.0, "bpm": 0.5, "mode": 2.5, "key": 0.7,
    "texture": 2.0, "metre": 2.0, "register": 1.0, "density": 1.0, "length": 1.0, "harmony": 0.7,
}  # fmt: skip
"""How often each kind of claim is made."""
SONG_SHARE = 0.3
TITLE_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class MadeQuery:
    """A query and its truth.

    Attributes:
        text: its words.
        claims: all of which a fitting work fulfils.
        named: words that a fitting work's title or composer must have; empty for none.
    """

    text: str
    claims: tuple[Claim, ...]
    named: str = ""


class QueryMaker:
    """Draws queries from works.

    Args:
        works: facts, title and composer of each.
        left_out: adjectives and phrases that are never used, to see how unheard wordings fare.
    """

    def __init__(
        self,
        works: Sequence[tuple[Facts, str, str]],
        rng: np.random.Generator,
        left_out: frozenset[str] = frozenset(),
        only_left_out: bool = False,
    ) -> None:
        self._works = works
        self._rng = rng
        self._true = [[claim for claim in CLAIMS if holds(claim, facts) >= HOLDS] for facts, _, _ in works]
        self._adjectives = _kept(wordings.BEFORE, left_out, only_left_out)
        self._phrases = _kept(wordings.AFTER, left_out, only_left_out)

    def make(self) -> MadeQuery:
        """The next query."""
        number = int(self._rng.integers(len(self._works)))
        facts, title, composer = self._works[number]
        named = self._name(title, composer) if self._rng.random() < NAMED_SHARE else ""
        least = 0 if named else 1
        claims = self._claims(facts, self._true[number], int(self._rng.integers(least, 5 if not named else 3)))
        if not claims and not named:
            return self.make()
        return MadeQuery(self._worded(claims, named), claims, named)

    def _name(self, title: str, composer: str) -> str:
        words = TITLE_WORD.findall(title)
        choice = self._rng.random()
        if choice < 0.35 and composer:
            return composer if self._rng.random() < 0.5 else composer.split()[-1]
        if choice < 0.7 and words:
            first = int(self._rng.integers(len(words)))
            return " ".join(words[first : first + int(self._rng.integers(1, 4))])
        return f"{composer.split()[-1]} {title}" if composer else title

    def _claims(self, facts: Facts, true: Sequence[Claim], count: int) -> tuple[Claim, ...]:
        """Claims that hold, of different kinds; at most one about what plays."""
        possible = [claim for claim in true if self._sayable(claim)]
        names = sorted(facts.instruments)
        possible += [Claim("plays", name) for name in names]
        if len(names) == 1:
            possible.append(Claim("only", names[0]))
        if len(names) == 2:
            possible.append(Claim("pair", "+".join(names)))
        if facts.tempo_bpm is not None:
            possible.append(Claim("bpm", str(int(5 * round(facts.tempo_bpm / 5)))))
        weights = np.array([WEIGHTS[claim.kind] for claim in possible])
        kinds = {claim.kind: sum(other.kind == claim.kind for other in possible) for claim in possible}
        weights /= np.array([kinds[claim.kind] for claim in possible])
        chosen: list[Claim] = []
        taken: set[str] = set()
        for number in self._rng.choice(len(possible), len(possible), replace=False, p=weights / weights.sum()):
            claim = possible[int(number)]
            group = {"only": "plays", "pair": "plays", "ensemble": "plays", "bpm": "tempo", "key": "mode"}.get(
                claim.kind, claim.kind
            )
            if group not in taken and len(chosen) < count:
                chosen.append(claim)
                taken.add(group)
        return tuple(chosen)

    def _sayable(self, claim: Claim) -> bool:
        return claim.kind == "key" or claim in self._adjectives or claim in self._phrases

    def _worded(self, claims: Sequence[Claim], named: str) -> str:
        adjectives, phrases = [], []
        for claim in claims:
            before, after = self._adjectives.get(claim, ()), self._phrases.get(claim, ())
            if before and (not after or self._rng.random() < 0.5):
                adjectives.append(self._one(before))
            else:
                phrases.append(self._one(after) if after else self._made(claim))
        sung = any("voice" in claim.value for claim in claims) and self._rng.random() < SONG_SHARE
        noun = self._one(wordings.SHAPES["songs"] if sung else wordings.SHAPES["nouns"])
        if named:
            phrases.insert(0, named if not claims or self._rng.random() < 0.5 else f"by {named}")
        else:
            self._rng.shuffle(phrases)
        shapes = [shape for shape in wordings.SHAPES["sentences"] if not adjectives or "{adjectives}" in shape]
        shape = self._one(shapes) if claims else "{phrases}"
        text = shape.format(
            adjectives=(", " if self._rng.random() < 0.5 else " ").join(adjectives),
            noun=noun,
            phrases=(", " if self._rng.random() < 0.4 else " ").join(phrases),
        )
        text = re.sub(r"\s+", " ", text).strip(" ,")
        return text.lower() if self._rng.random() < 0.3 else text

    def _made(self, claim: Claim) -> str:
        """Words of a claim that names instruments, a key or a number."""
        if claim.kind == "key":
            number = int(claim.value)
            tonic = wordings.TONICS[number % 12]
            if number % 12 in wordings.ENHARMONIC and self._rng.random() < 0.4:
                tonic = wordings.ENHARMONIC[number % 12]
            return f"in {tonic} {'minor' if number >= 12 else 'major'}"
        if claim.kind == "bpm":
            return self._one(wordings.SHAPES["bpm"]).format(claim.value)
        names = [self._one(wordings.INSTRUMENTS[name]) for name in claim.value.split("+")]
        self._rng.shuffle(names)
        return self._one(wordings.SHAPES[claim.kind]).format(*names)

    def _one(self, choices: Sequence[str]) -> str:
        return choices[int(self._rng.integers(len(choices)))]


def _kept(
    words: dict[Claim, tuple[str, ...]], left_out: frozenset[str], only_left_out: bool
) -> dict[Claim, tuple[str, ...]]:
    chosen = {
        claim: tuple(word for word in said if (word in left_out) == only_left_out) for claim, said in words.items()
    }
    return {claim: said for claim, said in chosen.items() if said}


class Relevance:
    """How far works answer queries: the product of how far their claims hold, and of the named words."""

    def __init__(self, works: Sequence[tuple[Facts, str, str]]) -> None:
        self._works = works
        self._names = [f"{composer} {title}".lower() for _, title, composer in works]
        self._known: dict[Claim, NDArray[np.float32]] = {}

    def of(self, query: MadeQuery) -> NDArray[np.float32]:
        """float32 [works], 0 to 1."""
        rows = [self._claim(claim) for claim in query.claims]
        together = np.prod(rows, axis=0, dtype=np.float32) if rows else np.ones(len(self._works), np.float32)
        if query.named:
            words = query.named.lower().split()
            together = together * np.array([all(word in name for word in words) for name in self._names], np.float32)
        # what answers nearly all of it comes before what answers nothing
        nearly: NDArray[np.float32] = np.mean(rows, axis=0, dtype=np.float32) if rows else together
        answers: NDArray[np.float32] = together + np.float32(0.03) * nearly**4 if not query.named else together
        return answers

    def _claim(self, claim: Claim) -> NDArray[np.float32]:
        if claim not in self._known:
            self._known[claim] = np.array([holds(claim, facts) for facts, _, _ in self._works], np.float32)
        return self._known[claim]
