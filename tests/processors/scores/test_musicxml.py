"""MusicXML as programs write it: what sounds when."""

from __future__ import annotations

import io
import zipfile

import pytest

from processors.midi import BadMusicError, read_midi
from processors.scores import Piece, read_pieces

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ATTRIBUTES = (
    "<attributes><divisions>2</divisions><time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>"
)


def note(step: str, octave: int, duration: int, extra: str = "", before: str = "", alter: int = 0) -> str:
    pitch = f"<pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>"
    return f"<note>{before}{pitch}<duration>{duration}</duration>{extra}</note>"


def rest(duration: int) -> str:
    return f"<note><rest/><duration>{duration}</duration></note>"


def score(*parts: list[str], beats: int = 4, head: str = "") -> bytes:
    text = ""
    for number, measures in enumerate(parts):
        text += f'<part id="P{number}">'
        for i, measure in enumerate(measures):
            text += f"<measure>{ATTRIBUTES.format(beats=beats) if i == 0 else ''}{measure}</measure>"
        text += "</part>"
    return f"{HEAD}<score-partwise>{head}{text}</score-partwise>".encode()


def heard(data: bytes, name: str = "x.musicxml") -> list[tuple[float, int, float]]:
    """Onset and duration in seconds; a quarter lasts half a second unless the score says otherwise."""
    (piece,) = read_pieces(data, name)
    assert isinstance(piece, Piece)
    notes = read_midi(piece.midi)
    return [
        (round(float(onset), 3), int(pitch), round(float(duration), 3))
        for onset, pitch, duration in zip(notes.onset_s, notes.pitch, notes.duration_s, strict=True)
    ]


def test_notes_follow_one_another_and_chords_sound_together() -> None:
    measure = note("C", 4, 2) + note("E", 4, 4) + note("G", 4, 4, before="<chord/>") + note("B", 3, 2, alter=-1)
    assert heard(score([measure])) == [(0, 60, 0.5), (0.5, 64, 1), (0.5, 67, 1), (1.5, 58, 0.5)]


def test_backup_and_forward_place_a_second_voice() -> None:
    measure = note("C", 5, 8) + "<backup><duration>8</duration></backup><forward><duration>4</duration></forward>"
    assert heard(score([measure + note("C", 3, 4)])) == [(0, 72, 2), (1, 48, 1)]


def test_ties_make_one_note_even_when_the_second_note_does_not_say_so() -> None:
    start = '<tie type="start"/>'
    measures = [note("C", 4, 8, start), note("C", 4, 8, '<tie type="stop"/>' + start), note("C", 4, 8), note("C", 4, 8)]
    assert heard(score(measures)) == [(0, 60, 6), (6, 60, 2)]


def test_transposing_parts_sound_where_they_sound() -> None:
    clarinet = "<attributes><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>"
    bass = "<attributes><transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose></attributes>"
    data = score([clarinet + note("D", 5, 8)], [bass + note("C", 3, 8)])
    assert heard(data) == [(0, 36, 2), (0, 72, 2)]


def test_tempo_comes_from_sound_or_from_the_metronome_mark() -> None:
    sound = '<direction><sound tempo="60"/></direction>'
    mark = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
        "<per-minute>160</per-minute></metronome></direction-type></direction>"
    )
    data = score([sound + note("C", 4, 8), mark + note("D", 4, 4) + note("E", 4, 4)])
    assert heard(data) == [(0, 60, 4), (4, 62, 0.5), (4.5, 64, 0.5)]


def test_an_incomplete_measure_does_not_shift_its_part_against_the_others() -> None:
    data = score([note("C", 5, 8), note("D", 5, 8)], [note("C", 3, 4), note("D", 3, 8)])
    assert [onset for onset, _, _ in heard(data)] == [0, 0, 2, 2]


def test_rests_do_not_stretch_a_measure() -> None:
    data = score([note("C", 5, 8), note("D", 5, 8)], [rest(8) + rest(8), note("D", 3, 8)])
    assert [onset for onset, _, _ in heard(data)] == [0, 2, 2]


def test_a_little_overhang_does_not_shift_what_follows() -> None:
    fine = "<attributes><divisions>100</divisions></attributes>"
    data = score([fine + note("C", 5, 401), note("D", 5, 400)])
    assert heard(data)[1] == (2, 74, 2)


def test_a_measure_longer_than_its_bar_keeps_its_notes_apart() -> None:
    data = score([note("C", 5, 8) + note("D", 5, 4), note("E", 5, 8)], [rest(8), note("E", 3, 8)])
    assert [onset for onset, _, _ in heard(data)] == [0, 2, 3, 3]


def test_a_rest_at_the_end_of_a_measure_keeps_its_time() -> None:
    assert [onset for onset, _, _ in heard(score([note("C", 5, 4) + rest(4), note("D", 5, 8)]))] == [0, 2]


def test_grace_notes_cues_and_percussion_are_left_out() -> None:
    grace = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
    drum = "<note><unpitched/><duration>2</duration></note>"
    measure = grace + note("C", 4, 2) + drum + note("E", 4, 2, before="<cue/>") + note("G", 4, 2)
    assert heard(score([measure])) == [(0, 60, 0.5), (1.5, 67, 0.5)]


def test_timewise_scores_are_the_same_music() -> None:
    text = f"<measure><part id='A'>{ATTRIBUTES.format(beats=4)}{note('C', 4, 8)}</part></measure>"
    text += f"<measure><part id='A'>{note('D', 4, 8)}</part></measure>"
    assert heard(f"{HEAD}<score-timewise>{text}</score-timewise>".encode()) == [(0, 60, 2), (2, 62, 2)]


def test_title_and_composer_come_along() -> None:
    head = (
        "<work><work-title>Six Songs</work-title></work><movement-title>No. 2</movement-title><identification>"
        '<creator type="lyricist">A. B.</creator><creator type="composer"> C.\n D. </creator></identification>'
    )
    (piece,) = read_pieces(score([note("C", 4, 8)], head=head), "x.xml")
    assert isinstance(piece, Piece)
    assert (piece.title, piece.composer) == ("Six Songs: No. 2", "C. D.")


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_compressed_scores_are_found_through_their_container() -> None:
    container = b'<container><rootfiles><rootfile full-path="in/score.xml"/></rootfiles></container>'
    members = {"META-INF/container.xml": container, "a.xml": b"<no/>", "in/score.xml": score([note("C", 4, 8)])}
    assert heard(packed(members), "x.mxl") == [(0, 60, 2)]
    assert heard(packed({"score.xml": score([note("C", 4, 8)])}), "x.mxl") == [(0, 60, 2)]


@pytest.mark.parametrize(
    ("data", "name", "type", "said"),
    [
        (b"not xml", "x.xml", "not_a_score", "well-formed"),
        (b"<html/>", "x.xml", "not_a_score", "<html>"),
        (b"<score-partwise/>", "x.xml", "no_notes", "no pitched notes"),
        (score(["<note><pitch><step>H</step></pitch><duration>1</duration></note>"]), "x.xml", "not_a_score", "'H'"),
        (score(["<note><rest/><duration>much</duration></note>"]), "x.xml", "not_a_score", "much"),
        (b"PK\x03\x04 cut off", "x.mxl", "not_a_score", "damaged"),
        (packed({"readme.txt": b""}), "x.mxl", "not_a_score", "no MusicXML"),
        (packed({"a.xml": b" " * 2_000_000}), "x.mxl", "too_large", "unpacks to 2000000"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, name: str, type: str, said: str) -> None:
    with pytest.raises(BadMusicError, match=said) as raised:
        read_pieces(data, name, max_bytes=1_000_000)
    assert raised.value.type == type
