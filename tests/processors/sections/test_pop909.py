"""What POP909's letters are called."""

from __future__ import annotations

import numpy as np

from processors.training.sections.pop909 import Phrase, sections_of_phrases

LOW, HIGH = 62, 74


def labels(form: str, high: str) -> list[str]:
    phrases = [Phrase(letter, 10.0 * i, 10.0 * (i + 1)) for i, letter in enumerate(form)]
    onset_s = np.array([p.start_s + k for p in phrases if p.letter.isupper() for k in range(8)])
    pitch = np.array([HIGH if p.letter in high else LOW for p in phrases if p.letter.isupper() for _ in range(8)])
    return [section.label for section in sections_of_phrases(phrases, pitch, onset_s)]


def test_the_chorus_is_the_returning_letter_that_is_sung_highest() -> None:
    assert labels("iABCABCo", "C") == ["intro", "verse", "verse", "chorus", "verse", "verse", "chorus", "outro"]
    assert labels("iABCABCo", "B") == ["intro", "verse", "chorus", "verse", "verse", "chorus", "verse", "outro"]


def test_what_is_sung_once_after_a_chorus_is_a_bridge() -> None:
    assert labels("ABABCB", "BC") == ["verse", "chorus", "verse", "chorus", "bridge", "chorus"]


def test_passages_without_melody_are_bridges_and_single_phrases_other() -> None:
    assert labels("iAbAxAXo", "") == ["intro", "verse", "bridge", "verse", "bridge", "verse", "other", "outro"]
