"""Identify a part of a MIDI or sound file."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from .audio import AudioLimits, Sound, decode_audio
from .identify import Identification, Identifier
from .identify_audio import identify_transcription
from .midi import MidiLimits, cut, read_midi
from .notes import Notes
from .onsets import Transcriber

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
        if isinstance(music, Notes):
            span_s = None if length_s is None else (0.0, length_s)
            return identifier.identify(cut(music, start_s, length_s), span_s)
        part = music.cut(start_s, length_s)
        skipped_s = max(0.0, (part.end_s - self._limits.transcribed_max_s) / 2)
        middle = part.cut(skipped_s, min(part.end_s, self._limits.transcribed_max_s))
        heard = self._transcriber.transcribe(middle.samples, middle.rate_hz)
        return identify_transcription(identifier, heard, (-skipped_s, part.end_s - skipped_s))

    @cached_property
    def _transcriber(self) -> Transcriber:
        return Transcriber()
