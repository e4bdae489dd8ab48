"""What a text may claim of a work, and how far a claim holds: the truth that the search is trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from processors.search.concepts import CONCEPTS, Concept, degree
from processors.search.facts import Facts

BPM_WIDTH = 0.1
"""Octaves."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    Attributes:
        kind: of a concept; or ``only``, an instrument alone, or ``pair``, two instruments; ``bpm`` takes any number.
        value: which of the kind, such as "slow" or "cello"; a pair is "piano+violin".
    """

    kind: str
    value: str


def holds(claim: Claim, facts: Facts) -> float:
    """How far a claim holds of a work, 0 to 1; 0 where the fact is not known."""
    if claim.kind == "only":
        return float(facts.instruments == {claim.value})
    if claim.kind == "pair":
        wanted = set(claim.value.split("+"))
        return 1.0 if facts.instruments == wanted else 0.2 * float(wanted < facts.instruments)
    if claim.kind == "bpm":
        tempo_bpm = facts.tempo_bpm or 1.0
        return float(np.exp(-((np.log2(tempo_bpm / float(claim.value)) / BPM_WIDTH) ** 2)))
    return degree(Concept(claim.kind, claim.value), facts) or 0.0


CLAIMS = tuple(
    Claim(concept.kind, concept.value) for concept in CONCEPTS if concept.kind not in ("plays", "kinds", "bpm")
)
"""All claims but those of single instruments and of a tempo in numbers, which are drawn from works."""
