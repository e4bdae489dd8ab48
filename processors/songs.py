"""A file's music as several analyses share it: decoded once, its notes heard once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from .audio import decode_audio
from .identify_music import Heard, Music, MusicLimits, hear
from .midi import read_midi
from .notes import Notes
from .onsets import Transcriber


class Song:
    """One file's music; for one thread at a time.

    Attributes:
        music: notes of a MIDI file, or one channel of sound.
    """

    def __init__(self, music: Music, transcribed_max_s: float) -> None:
        self.music = music
        self._transcribed_max_s = transcribed_max_s
        self._heard: Heard | None = None

    @classmethod
    def read(
        cls,
        kind: Literal["midi", "audio"],
        data: bytes,
        limits: MusicLimits,
        is_late: Callable[[], bool] = lambda: False,
    ) -> Song:
        """Decode a file.

        Args:
            is_late: asked while sound is decoded; once it says yes the file is given up.

        Raises:
            BadMusicError: the bytes are not what ``kind`` says, are damaged, over a limit, or late.
        """
        music = read_midi(data, limits.midi) if kind == "midi" else decode_audio(data, limits.audio, is_late)
        return cls(music, limits.transcribed_max_s)

    @property
    def length_s(self) -> float:
        """How long it is, seconds."""
        return self.music.end_s

    @property
    def held_s(self) -> float:
        """How many seconds of samples it holds in memory."""
        return 0.0 if isinstance(self.music, Notes) else self.music.end_s

    def heard(self, transcriber: Callable[[], Transcriber]) -> Heard:
        """Its notes, transcribed when first asked for if it is sound.

        Args:
            transcriber: gives what transcribes; asked only where it is needed.

        Raises:
            BadMusicError: the sound cannot be analysed.
        """
        if self._heard is None:
            self._heard = hear(self.music, transcriber, self._transcribed_max_s)
        return self._heard
