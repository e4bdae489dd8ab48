"""Identify a part of a MIDI or sound file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from .audio import AudioLimits, Sound, decode_audio
from .identify import Identification, Identifier
from .identify_audio import identify_transcription
from .midi import MidiLimits, cut, read_midi
from .notes import Notes
from .onsets import Transcriber, Transcription

Music: TypeAlias = Notes | Sound


@dataclass(frozen=True, slots=True)
class MusicLimits:
    """What a file may cost.

    Attributes:
        transcribed_max_s: how much of a long sound is transcribed, from its middle.
    """

    midi: MidiLimits = field(default_factory=MidiLimits)
    audio: AudioLimits = field(default_factory=AudioLimits)
    transcribed_max_s: float = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The notes of a stretch of music, read or transcribed.

    Attributes:
        notes: of the stretch, or of its middle where it is long.
        span_s: the stretch on the clock of the notes; None: from the first to the last.
    """

    notes: Notes | Transcription
    span_s: tuple[float, float] | None

    def identify(self, identifier: Identifier) -> Identification:
        """Which work it is; raises ``BadMusicError`` if there is no note."""
        if isinstance(self.notes, Notes):
            return identifier.identify(self.notes, self.span_s)
        return identify_transcription(identifier, self.notes, self.span_s)


def hear(
    music: Music,
    transcriber: Callable[[], Transcriber],
    transcribed_max_s: float,
    start_s: float = 0.0,
    length_s: float | None = None,
) -> Heard:
    """The notes of ``length_s`` seconds from ``start_s`` on, or of all that follows.

    Args:
        transcriber: gives what transcribes; asked only where there is sound.
        transcribed_max_s: how much of a long sound is transcribed, from its middle.

    Raises:
        BadMusicError: that part lies outside of the music.
    """
    if isinstance(music, Notes):
        return Heard(cut(music, start_s, length_s), None if length_s is None else (0.0, length_s))
    part = music.cut(start_s, length_s)
    skipped_s = max(0.0, (part.end_s - transcribed_max_s) / 2)
    middle = part.cut(skipped_s, min(part.end_s, transcribed_max_s))
    heard = transcriber().transcribe(middle.samples, middle.rate_hz)
    return Heard(heard, (-skipped_s, part.end_s - skipped_s))


class MusicIdentifier:
    """Reads and identifies music of both kinds; may be used from several threads."""

    def __init__(self, limits: MusicLimits) -> None:
        self._limits = limits

    def warm_up(self) -> None:
        """Load what transcribes sound, so that the first clip does not wait for it."""
        self._transcriber.warm_up()

    def read(self, kind: Literal["midi", "audio"], data: bytes) -> Music:
        """Notes of a MIDI file, or one channel of a sound file.

        Raises:
            BadMusicError: the bytes are not what ``kind`` says, are damaged, or over a limit.
        """
        if kind == "midi":
            return read_midi(data, self._limits.midi)
        return decode_audio(data, self._limits.audio)

    def identify(
        self, identifier: Identifier, music: Music, start_s: float = 0.0, length_s: float | None = None
    ) -> Identification:
        """Identify ``length_s`` seconds from ``start_s`` on, or all that follows.

        Raises:
            BadMusicError: that part lies outside of the music, or has no note.
        """
        heard = hear(music, lambda: self._transcriber, self._limits.transcribed_max_s, start_s, length_s)
        return heard.identify(identifier)

    @cached_property
    def _transcriber(self) -> Transcriber:
        return Transcriber()
