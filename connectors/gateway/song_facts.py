"""What is to be said of a song from what the caller says."""

from __future__ import annotations

import numpy as np

from .song_data import SongAnswer, SongPart, SongRequest

FORM = (
    ("intro", 2),
    ("verse", 4),
    ("chorus", 4),
    ("verse", 4),
    ("chorus", 4),
    ("bridge", 2),
    ("chorus", 4),
    ("outro", 2),
)
"""A usual form, for songs of which only tempo and length are known: sections and their share."""


def answer_of(song: SongRequest) -> SongAnswer:
    """Tempo and structure of a song.

    Raises:
        ValueError: it does not say enough.
    """
    facts = song.audio_features
    if facts is None:
        raise ValueError("Give audio_features with a tempo, or send the music as a file in a form.")
    structure, basis = facts.structure, "given"
    if not structure and facts.length_s:
        structure, basis = _usual_form(facts.length_s, 60.0 / facts.tempo * facts.time_signature), "assumed"
    return SongAnswer(
        name=song.name,
        artist=song.artist,
        tempo=facts.tempo,
        beat_interval=60.0 / facts.tempo,
        beats_per_bar=facts.time_signature,
        duration=facts.length_s,
        structure=structure,
        basis="assumed" if basis == "assumed" else "given",
    )


def _usual_form(length_s: float, bar_s: float) -> tuple[SongPart, ...]:
    """The usual form, stretched to a length, its sections whole bars."""
    total = sum(share for _, share in FORM)
    edges_s = np.cumsum([0, *(share for _, share in FORM)]) / total * length_s
    edges_s = np.append(np.round(edges_s[:-1] / bar_s) * bar_s, length_s)
    return tuple(
        SongPart(section=label, start=float(begin_s), end=float(end_s), confidence=0.0)
        for (label, _), begin_s, end_s in zip(FORM, edges_s, edges_s[1:], strict=False)
        if end_s > begin_s
    )
