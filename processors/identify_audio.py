"""Audio to a work: transcription, then identification of the notes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .identify import Identification, Identifier
from .notes import Notes
from .onsets import Transcriber, Transcription

UNSURE_CENTS = 40.0
"""Tuned further off than this, an instrument may as well stand a semitone beside, tuned the other way."""


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
    """The same, of a transcription; near a quarter tone off, both keys are looked up and the surer answer given.

    Args:
        span_s: the stretch whose place is wanted, on the transcription's clock; by default all that was heard.
    """
    span_s = span_s or (0.0, heard.duration_s)
    answer = identifier.identify(heard.notes, span_s)
    if abs(heard.tuning_cents) < UNSURE_CENTS:
        return answer
    other = identifier.identify(_moved(heard.notes, 1 if heard.tuning_cents > 0 else -1), span_s)
    return max(answer, other, key=_sureness)


def _moved(notes: Notes, semitones: int) -> Notes:
    pitch = np.clip(notes.pitch.astype(np.int64) + semitones, 0, 127)
    return Notes.of(notes.onset_s, pitch, notes.duration_s, notes.velocity)


def _sureness(answer: Identification) -> float:
    return answer.candidates[0].confidence if answer.candidates else -1.0
