"""How claims are worded in training: ``wordings.yaml``, read.

The queries that the search is measured with share no wording of a fact with it but the instruments' own names and the
terms "major" and "minor"; ``tests/ops/test_search_queries.py`` holds them to it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .claims import Claim

TONICS = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")
ENHARMONIC = {1: "D flat", 3: "D sharp", 6: "G flat", 8: "G sharp", 10: "A sharp"}

_READ: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))


def _claims(table: dict[str, list[str]]) -> dict[Claim, tuple[str, ...]]:
    return {Claim(*name.split(":")): tuple(words) for name, words in table.items()}


BEFORE = _claims(_READ["before"])
"""Words before a noun."""
AFTER = _claims(_READ["after"])
"""Words after a noun."""
INSTRUMENTS: dict[str, list[str]] = _READ["instruments"]
SHAPES: dict[str, list[str]] = _READ["shapes"]
"""Sentences, and how instruments and numbers are put into words."""
