"""Audio to a work: transcription, then identification of the notes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .identify import Identification, Identifier
from .notes import Notes
from .onsets import Transcriber, Transcription

UNSURE_CENTS = 40.0
"""Tuned further off than this, an instrument may as well stand a semitone beside, tuned the other way."""
SURE = 0.9
"""An answer of this confidence ends the search: other readings of what was heard are not tried."""
SUREST, FIRM = 0.5, 0.35
"""A wrong note weighs more than a missing one, in a short clip or under a voice: readings with only the notes of at
least these activations."""
PARTIALS = (12, 19, 24)
"""Semitones from a tone to its second, third and fourth partial."""
TOGETHER_S = 0.05


def identify_audio(
    identifier: Identifier, transcriber: Transcriber, samples: NDArray[np.floating], sample_rate: int
) -> Identification:
    """Which work is heard, and where in it.

    Args:
        samples: mono.
        sample_rate: Hz.

    Raises:
        BadMusicError: the samples cannot be analysed.
    """
    return identify_transcription(identifier, transcriber.transcribe(samples, sample_rate))


def identify_transcription(
    identifier: Identifier, heard: Transcription, span_s: tuple[float, float] | None = None
) -> Identification:
    """The same, of a transcription; other readings of it are tried until an answer is sure, and the surest is given.

    Args:
        span_s: the stretch whose place is wanted, on the transcription's clock; by default all that was heard.
    """
    span_s = span_s or (0.0, heard.duration_s)
    best = identifier.identify(heard.notes, span_s)
    for reading in _other_readings(heard):
        if _sureness(best) >= SURE:
            break
        best = max(best, identifier.identify(reading, span_s), key=_sureness)
    return best


def _other_readings(heard: Transcription) -> Iterator[Notes]:
    """The surest notes alone; without octaves and twelfths, which may be an organ's stops; near a quarter tone off in
    the other key; the firm notes alone."""
    surest = heard.activation >= SUREST
    if not surest.all():
        yield _chosen(heard.notes, surest)
    thinned = without_partials(heard.notes)
    if len(thinned) < len(heard.notes):
        yield thinned
    if abs(heard.tuning_cents) >= UNSURE_CENTS:
        other_key = 1 if heard.tuning_cents > 0 else -1
        yield _moved(heard.notes, other_key)
        if len(thinned) < len(heard.notes):
            yield _moved(thinned, other_key)
    firm = heard.activation >= FIRM
    if not firm.all():
        yield _chosen(heard.notes, firm)


def without_partials(notes: Notes) -> Notes:
    """Only notes that are not an octave, a twelfth or two octaves above another one that starts with them."""
    pitch = notes.pitch.astype(np.int64)
    first = np.searchsorted(notes.onset_s, notes.onset_s - TOGETHER_S)
    last = np.searchsorted(notes.onset_s, notes.onset_s + TOGETHER_S, side="right")
    kept = np.array(
        [not np.isin(pitch[i] - pitch[a:b], PARTIALS).any() for i, (a, b) in enumerate(zip(first, last, strict=True))],
        bool,
    )
    return _chosen(notes, kept)


def _chosen(notes: Notes, kept: NDArray[np.bool_]) -> Notes:
    return Notes(notes.onset_s[kept], notes.duration_s[kept], notes.pitch[kept], notes.velocity[kept])


def _moved(notes: Notes, semitones: int) -> Notes:
    pitch = np.clip(notes.pitch.astype(np.int64) + semitones, 0, 127)
    return Notes.of(notes.onset_s, pitch, notes.duration_s, notes.velocity)


def _sureness(answer: Identification) -> float:
    return answer.candidates[0].confidence if answer.candidates else -1.0
