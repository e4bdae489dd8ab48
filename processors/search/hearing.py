"""Music that is searched by: as sound or as MIDI, to facts, and to the works of which it is a performance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from processors.audio import decode_audio
from processors.identify import Catalogue, Identification, Identifier
from processors.identify_audio import identify_transcription
from processors.identify_music import MusicLimits
from processors.midi import read_score
from processors.onsets import Transcriber

from .facts import Facts, facts_of
from .limits import BadSearchError

PERFORMANCES = 5
"""Works of which the music may be a performance."""
QUERY_MAX_S = 30.0
"""How much of the music is looked for in the catalogue, from its middle."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of the music.

    Attributes:
        facts: of its notes, and of a MIDI file's parts and beats.
        performed: id and probability of the works of which it may be a performance, best first.
    """

    facts: Facts
    performed: tuple[tuple[str, float], ...]


class Hearing:
    """Reads the music of a search; safe to use from many threads."""

    def __init__(self, limits: MusicLimits) -> None:
        self._limits = limits

    def warm_up(self) -> None:
        """Load what transcribes sound, so that the first search does not wait for it."""
        self._transcriber.warm_up()

    def hear(self, kind: Literal["midi", "audio"], data: bytes, identifier: Identifier) -> Heard:
        """Read music of a MIDI or a sound file.

        Raises:
            BadMusicError: the bytes are not what ``kind`` says, are damaged, or over a limit.
            BadSearchError: there is no note in it.
        """
        if kind == "midi":
            score = read_score(data, self._limits.midi)
            start_s = max(0.0, (score.notes.end_s - QUERY_MAX_S) / 2)
            part = score.notes.between(start_s, start_s + QUERY_MAX_S)
            found = identifier.identify(part if len(part) else score.notes)
            return Heard(facts_of(score.notes, score.beats, score.parts), _performed(found))
        sound = decode_audio(data, self._limits.audio)
        return self.hear_sound(sound.samples, sound.rate_hz, identifier)

    def hear_sound(self, samples: NDArray[np.float32], rate_hz: int, identifier: Identifier) -> Heard:
        """Transcribe one channel of sound, of which the middle is listened to, and look for it.

        Raises:
            BadMusicError: the samples cannot be analysed.
            BadSearchError: there is no note in it.
        """
        most = int(min(QUERY_MAX_S, self._limits.transcribed_max_s) * rate_hz)
        start = max(0, (len(samples) - most) // 2)
        heard = self._transcriber.transcribe(samples[start : start + most], rate_hz)
        if not len(heard.notes):
            raise BadSearchError("no_notes", "No note can be heard in the sound, so there is nothing to search by.")
        return Heard(facts_of(heard.notes), _performed(identify_transcription(identifier, heard)))

    @cached_property
    def _transcriber(self) -> Transcriber:
        return Transcriber()


def identifier_of(catalogue: Catalogue) -> Identifier:
    """What finds performances of a catalogue's works."""
    return Identifier(catalogue, PERFORMANCES)


def _performed(found: Identification) -> tuple[tuple[str, float], ...]:
    return tuple((candidate.work_id, candidate.confidence) for candidate in found.candidates)
