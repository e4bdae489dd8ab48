"""The instruments that are told apart: OpenMIC's twenty and eight of the orchestra; relatives count as their family.

OpenMIC: Humphrey, Durand and McFee, "OpenMIC-2018: an open dataset for multiple instrument recognition", ISMIR 2018.
"""

from __future__ import annotations

OPENMIC = (
    "accordion",
    "banjo",
    "bass",
    "cello",
    "clarinet",
    "cymbals",
    "drums",
    "flute",
    "guitar",
    "mallet_percussion",
    "mandolin",
    "organ",
    "piano",
    "saxophone",
    "synthesizer",
    "trombone",
    "trumpet",
    "ukulele",
    "violin",
    "voice",
)
ORCHESTRA = ("oboe", "bassoon", "horn", "viola", "tuba", "harp", "harpsichord", "timpani")
LABELS: tuple[str, ...] = OPENMIC + ORCHESTRA
"""In the order of the network's outputs."""

RELATIVES = {
    "alto saxophone": "saxophone",
    "bass clarinet": "clarinet",
    "bass guitar": "bass",
    "bongo": "drums",
    "bugle": "trumpet",
    "celesta": "mallet_percussion",
    "conga": "drums",
    "contrabassoon": "bassoon",
    "cor anglais": "oboe",
    "cornet": "trumpet",
    "djembe": "drums",
    "double bass": "bass",
    "electric guitar": "guitar",
    "english horn": "oboe",
    "euphonium": "tuba",
    "fiddle": "violin",
    "flugelhorn": "trumpet",
    "french horn": "horn",
    "glockenspiel": "mallet_percussion",
    "hi-hat": "cymbals",
    "marimba": "mallet_percussion",
    "piccolo": "flute",
    "singer": "voice",
    "sizzle cymbal": "cymbals",
    "snare drum": "drums",
    "soprano saxophone": "saxophone",
    "tabla": "drums",
    "tenor saxophone": "saxophone",
    "tom-tom": "drums",
    "tubular bells": "mallet_percussion",
    "vibraphone": "mallet_percussion",
    "vocals": "voice",
    "xylophone": "mallet_percussion",
}
"""Other names, and instruments that count as their family."""


def label_of(instrument: str) -> str | None:
    """The label under which an instrument is told, None when there is none.

    A prefix that ends in a colon, as in ``percussion:djembe``, is left out.
    """
    name = instrument.rpartition(":")[2].strip().lower().replace("_", " ")
    label = RELATIVES.get(name, name.replace(" ", "_"))
    return label if label in LABELS else None
