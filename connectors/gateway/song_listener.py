"""What is to be heard in the music of a song: tempo, structure, and which work it is."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from connectors.music_limits import music_limits
from connectors.publisher import kind_of
from connectors.settings import Settings
from processors.audio import decode_audio
from processors.beats import Beat, OfflineBeats
from processors.identify import Catalogue, CatalogueError, Identifier
from processors.midi import read_midi
from processors.notes import Notes
from processors.onsets import Transcriber
from processors.sections import sections_of

from .song_data import SongAnswer, SongPart


class SongListener:
    """Hears tempo, structure and, where a catalogue is there, the work; may be used from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._limits = music_limits(settings.limits)
        self._catalogue_dir = settings.catalogue_dir
        self._catalogue: Catalogue | None = None
        self._top = settings.identify.top

    def answer_of(self, name: str, artist: str, data: bytes, file_name: str) -> SongAnswer:
        """What is heard in a MIDI or sound file.

        Raises:
            BadMusicError, ClipError: it is no music, damaged or over a limit.
            ValueError: it has no beats.
        """
        notes = self._notes(data, file_name)
        beats = self._beats.beats_of(notes)
        if len(beats) < 2:
            raise ValueError("No beats can be heard in this music.")
        period_s = _usual_period(beats)
        return SongAnswer(
            name=name,
            artist=artist,
            tempo=60.0 / period_s,
            beat_interval=period_s,
            beats_per_bar=max(1, round(float(np.median([beat.beats_per_bar for beat in beats])))),
            duration=notes.end_s,
            structure=tuple(
                SongPart(section=part.label, start=part.start_s, end=part.end_s, confidence=part.confidence)
                for part in sections_of(notes, np.array([beat.time_s for beat in beats]))
            ),
            basis="heard",
            work_id=self._work_of(notes),
        )

    def _notes(self, data: bytes, file_name: str) -> Notes:
        if kind_of(data, file_name) == "midi":
            return read_midi(data, self._limits.midi)
        sound = decode_audio(data, self._limits.audio)
        return self._transcriber.transcribe(sound.samples, sound.rate_hz).notes

    def _work_of(self, notes: Notes) -> str | None:
        try:
            known = self._catalogue
            self._catalogue = known.refreshed() if known else Catalogue.open(self._catalogue_dir, check=True)
        except CatalogueError:
            return None
        found = Identifier(self._catalogue, self._top).identify(notes)
        return found.candidates[0].work_id if found.status == "matched" else None

    @cached_property
    def _beats(self) -> OfflineBeats:
        return OfflineBeats()

    @cached_property
    def _transcriber(self) -> Transcriber:
        return Transcriber()


def _usual_period(beats: list[Beat]) -> float:
    return float(np.median(np.diff([beat.time_s for beat in beats])))
