"""What plays a score's parts: by the names of its tracks, by their programs, and kept in a catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest
import symusic

from processors.identify import Catalogue, WorkEntry
from processors.midi import read_score
from processors.parts import Track, decode_parts, encode_parts, parts_of


def score(*tracks: tuple[str, int], words: str = "") -> bytes:
    """A MIDI file with eight notes a track; ``words`` are sung in a track of their own."""
    midi = symusic.Score(480)
    midi.tempos.append(symusic.Tempo(0, 90.0))
    midi.time_signatures.append(symusic.TimeSignature(0, 3, 4))
    for number, (name, program) in enumerate(tracks):
        track = symusic.Track(name=name, program=program)
        for beat in range(8):
            track.notes.append(symusic.Note(480 * beat, 480, 60 + number, 80))
        midi.tracks.append(track)
    if words:
        track = symusic.Track(name="words")
        track.lyrics.append(symusic.TextMeta(480, words))
        midi.tracks.append(track)
    data: bytes = midi.dumps_midi()
    return data


def names(*tracks: tuple[str, int], words: str = "") -> list[str]:
    return [part.name for part in read_score(score(*tracks, words=words)).parts]


@pytest.mark.parametrize(
    ("track", "instrument"),
    [
        (("Violino primo", 0), "violin"),
        (("Violoncello", 0), "cello"),
        (("Alto Viola", 0), "viola"),
        (("Singstimme.Voice", 68), "voice"),
        (("Baſſo", 52), "voice"),
        (("Basso", 43), "bass"),
        (("Clarino 1mo in B", 56), "trumpet"),
        (("Klarinette", 0), "clarinet"),
        (("Cornu primo", 60), "horn"),
        (("Fagotti", 0), "bassoon"),
        (("Upper:", 6), "harpsichord"),
        (("Upper:", 0), "piano"),
        (("", 42), "cello"),
        (("", 0), "piano"),
    ],
)
def test_a_part_is_known_by_its_name_or_else_by_its_program(track: tuple[str, int], instrument: str) -> None:
    assert names(track) == [instrument]


def test_a_wind_without_a_name_in_a_song_with_words_is_the_voice() -> None:
    assert names(("", 68), ("Piano", 0)) == ["oboe", "piano"]
    assert names(("", 68), ("Piano", 0), words="Ah") == ["voice", "piano"]


def test_nothing_is_said_of_scores_that_do_not_tell() -> None:
    assert names(("Part 1", 0), ("Part 2", 0)) == []
    assert names(*[("", 0)] * 4) == []


def test_drums_are_drums_whatever_their_program() -> None:
    tracks = [Track("", 0, False, 10, 60.0), Track("", 40, True, 30, 40.0)]
    assert [(part.name, part.share) for part in parts_of(tracks)] == [("piano", 0.25), ("drums", 0.75)]


def test_parts_are_kept_in_a_catalogue_through_merges(tmp_path: Path) -> None:
    def entry(name: str, *tracks: tuple[str, int]) -> WorkEntry:
        read = read_score(score(*tracks))
        return WorkEntry(name, name, "", name, read.notes, beats=read.beats, parts=read.parts)

    Catalogue.update(tmp_path, [entry("duo", ("Flauto", 73), ("Piano", 0))])
    catalogue = Catalogue.update(tmp_path, [entry("solo", ("Cello", 42)), entry("unknown", ("Part 1", 0))])
    assert [part.name for part in catalogue.parts("duo")] == ["flute", "piano"]
    assert [part.share for part in catalogue.parts("solo")] == [1.0]
    assert catalogue.parts("unknown") == ()


def test_parts_that_a_later_version_named_are_left_out() -> None:
    (part,) = parts_of([Track("Oboe", 0, False, 10, 72.0)])
    assert decode_parts(encode_parts([part]) + bytes([250, 10, 60])) == (part,)
