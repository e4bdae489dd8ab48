"""What a language model is asked about instruments, and what its answer says."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

RELATIVES = {
    "acoustic guitar": "guitar",
    "electric guitar": "guitar",
    "classical guitar": "guitar",
    "bass clarinet": "clarinet",
    "bass guitar": "bass",
    "electric bass": "bass",
    "double bass": "bass",
    "upright bass": "bass",
    "contrabass": "bass",
    "violoncello": "cello",
    "cor anglais": "oboe",
    "english horn": "oboe",
    "french horn": "horn",
    "contrabassoon": "bassoon",
    "piccolo": "flute",
    "recorder": "flute",
    "cornet": "trumpet",
    "flugelhorn": "trumpet",
    "fiddle": "violin",
    "drum kit": "drums",
    "drum set": "drums",
    "percussion": "drums",
    "snare": "drums",
    "kettledrum": "timpani",
    "hi hat": "cymbals",
    "sax": "saxophone",
    "synth": "synthesizer",
    "keyboard": "synthesizer",
    "pipe organ": "organ",
    "hammond organ": "organ",
    "grand piano": "piano",
    "electric piano": "piano",
    "marimba": "mallet_percussion",
    "vibraphone": "mallet_percussion",
    "xylophone": "mallet_percussion",
    "glockenspiel": "mallet_percussion",
    "singer": "voice",
    "singing": "voice",
    "vocal": "voice",
    "choir": "voice",
}
"""Instruments that count as another, and other names; relatives count as their family."""
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


def instruments_in(answer: str, labels: Sequence[str]) -> set[str]:
    """The labels that an answer names: in its JSON list if it has one, otherwise in what stands between commas.

    Upper case, plurals and other names of the same instrument do not matter. A sentence is no name: it names nothing.
    """
    return {label for name in _names(answer) if (label := _label(name, labels)) is not None}


def _names(answer: str) -> list[str]:
    for match in LIST.finditer(answer):
        try:
            found = json.loads(match.group())
        except ValueError:
            continue
        return [name for name in found if isinstance(name, str)]
    return BETWEEN.split(answer)


def _label(name: str, labels: Sequence[str]) -> str | None:
    plain = NOT_LETTERS.sub(" ", name.lower()).strip()
    for form in (plain, plain.removesuffix("s"), f"{plain}s"):
        label = RELATIVES.get(form, form.replace(" ", "_"))
        if label in labels:
            return label
    return None
