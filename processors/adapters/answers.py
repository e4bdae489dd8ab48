"""What a language model is asked about instruments, and what its answer says."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from processors.instruments import label_of

OTHER_NAMES = {
    "acoustic guitar": "guitar",
    "classical guitar": "guitar",
    "electric bass": "bass",
    "upright bass": "bass",
    "contrabass": "bass",
    "violoncello": "cello",
    "recorder": "flute",
    "drum kit": "drums",
    "drum set": "drums",
    "drum": "drums",
    "percussion": "drums",
    "kettledrum": "timpani",
    "cymbal": "cymbals",
    "hi hat": "cymbals",
    "sax": "saxophone",
    "synth": "synthesizer",
    "pipe organ": "organ",
    "hammond organ": "organ",
    "grand piano": "piano",
    "electric piano": "piano",
    "vocal": "voice",
    "singing": "voice",
    "choir": "voice",
}
"""What language models also call them, beside the names that ``label_of`` knows."""
LIST = re.compile(r"\[.*?\]", re.DOTALL)
BETWEEN = re.compile(r"[,;\n\r/&]|\band\b")
NOT_LETTERS = re.compile(r"[^a-z]+")


def question(labels: Sequence[str]) -> str:
    """What the model is asked."""
    names = ", ".join(label.replace("_", " ") for label in labels)
    return (
        f"Which of these instruments play in this recording: {names}? "
        'Answer with a JSON list of their names and nothing else, for example ["piano", "violin"]. '
        "If you hear none of them, answer []."
    )


def instruments_in(answer: str) -> set[str]:
    """The labels that an answer names: in its JSON list if it has one, otherwise in what stands between commas.

    Upper case, plurals and other names of the same instrument do not matter. A sentence is no name: it names nothing.
    """
    return {label for name in _names(answer) if (label := _label(name)) is not None}


def _names(answer: str) -> list[str]:
    for match in LIST.finditer(answer):
        try:
            found = json.loads(match.group())
        except ValueError:
            continue
        return [name for name in found if isinstance(name, str)]
    return BETWEEN.split(answer)


def _label(name: str) -> str | None:
    plain = NOT_LETTERS.sub(" ", name.lower()).strip()
    singular = plain.removesuffix("s")
    for form in (plain, singular):
        label = label_of(OTHER_NAMES.get(form, form))
        if label is not None:
            return label
    return None
