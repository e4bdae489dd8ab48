"""Score beats: read from MIDI's metres and tempi, kept in the catalogue, turned into times and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import symusic

from processors.identify import Catalogue, WorkEntry
from processors.midi import read_score
from processors.score_beats import ScoreBeats

QUARTER = 480


def midi(
    quarters: float,
    metres: list[tuple[float, int, int]],
    tempi: tuple[tuple[float, float], ...] = ((0.0, 60.0),),
    jitter: int = 0,
) -> bytes:
    """Eighth notes for so many quarters; metres at quarters, tempi in quarters a minute."""
    score = symusic.Score(QUARTER)
    rng = np.random.default_rng(0)
    track = symusic.Track()
    for eighth in range(int(2 * quarters)):
        at = eighth * QUARTER // 2 + int(rng.integers(0, jitter + 1))
        track.notes.append(symusic.Note(at, QUARTER // 2, 60 + eighth % 12, 64))
    score.tracks.append(track)
    for at_quarter, numerator, denominator in metres:
        score.time_signatures.append(symusic.TimeSignature(int(at_quarter * QUARTER), numerator, denominator))
    for at_quarter, quarters_a_minute in tempi:
        score.tempos.append(symusic.Tempo(int(at_quarter * QUARTER), quarters_a_minute))
    return score.dumps_midi()


def beats_of(data: bytes) -> ScoreBeats:
    beats = read_score(data).beats
    assert beats is not None
    return beats


def test_beats_follow_tempo_and_metre() -> None:
    beats = beats_of(midi(40, [(0, 3, 4), (24, 4, 4)], ((0, 60), (12, 120))))
    assert beats.time_s[:13] == pytest.approx(np.arange(13.0))
    assert np.diff(beats.time_s[12:]) == pytest.approx(0.5)
    assert beats.position[:7].tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert beats.position[24:29].tolist() == [1, 2, 3, 4, 1]
    assert set(beats.beats_per_bar[:24]) == {3}
    assert set(beats.beats_per_bar[24:]) == {4}


@pytest.mark.parametrize(
    ("numerator", "denominator", "beats_per_bar", "beat_s"),
    [(6, 8, 2, 1.5), (9, 8, 3, 1.5), (12, 16, 4, 0.75), (6, 4, 2, 3.0), (3, 8, 3, 0.5), (2, 2, 2, 2.0), (5, 4, 5, 1.0)],
)
def test_compound_metres_count_dotted_beats(
    numerator: int, denominator: int, beats_per_bar: int, beat_s: float
) -> None:
    beats = beats_of(midi(60, [(0, numerator, denominator)]))
    assert beats.beats_per_bar[0] == beats_per_bar
    assert np.diff(beats.time_s) == pytest.approx(beat_s)
    assert np.diff(beats.downbeat_s) == pytest.approx(beats_per_bar * beat_s)


def test_an_upbeat_belongs_to_the_bar_before_the_first() -> None:
    beats = beats_of(midi(41, [(0, 1, 4), (1, 4, 4)]))
    assert beats.position[:6].tolist() == [4, 1, 2, 3, 4, 1]
    half = beats_of(midi(40.5, [(0, 1, 8), (0.5, 4, 4)]))
    assert half.time_s[0] == pytest.approx(0.5)
    assert half.position[0] == 1


def test_a_bar_cut_in_two_by_a_repeat_is_one_bar() -> None:
    cut = [(0, 3, 4), (24, 2, 4), (26, 1, 4), (27, 3, 4)]
    assert beats_of(midi(60, cut)).position.tolist() == beats_of(midi(60, [(0, 3, 4)])).position.tolist()


def test_a_single_bar_of_another_metre_starts_anew() -> None:
    beats = beats_of(midi(60, [(0, 4, 4), (24, 2, 4), (26, 4, 4)]))
    assert beats.position[22:32].tolist() == [3, 4, 1, 2, 1, 2, 3, 4, 1, 2]


def test_performances_and_files_without_metre_and_tempo_have_no_beats() -> None:
    assert read_score(midi(60, [(0, 4, 4)], jitter=200)).beats is None
    assert read_score(midi(60, [], ())).beats is None
    assert beats_of(midi(60, [], ((0, 90),))).beats_per_bar[0] == 4


@pytest.mark.parametrize("metre", [(0, 255, 128), (0, 1, 128), (0, 7, 1)])
def test_odd_metres_do_no_harm(metre: tuple[int, int, int]) -> None:
    beats = read_score(midi(600, [metre])).beats
    assert beats is None or (np.diff(beats.time_s) > 0).all()


def test_time_and_beat_are_inverse_also_outside() -> None:
    beats = beats_of(midi(40, [(0, 4, 4)], ((0, 60), (12, 120))))
    assert beats.beat_at(11.5) == pytest.approx(11.5)
    assert beats.beat_at(12.25) == pytest.approx(12.5)
    assert beats.beat_at(-2.0) == pytest.approx(-2.0)
    for beat in (-3.5, 0.0, 7.25, 12.0, 30.5, 99.0):
        assert beats.beat_at(beats.time_at(beat)) == pytest.approx(beat)


def annotated(seed: int) -> ScoreBeats:
    """Beats as annotated in a performance: every beat has its own length, bars change."""
    rng = np.random.default_rng(seed)
    metre = np.repeat(rng.integers(2, 6, 40), 1)
    position = np.concatenate([np.arange(1, beats + 1) for beats in metre])
    return ScoreBeats(np.cumsum(rng.uniform(0.2, 1.2, len(position))), position, np.repeat(metre, metre))


def entry(work_id: str, data: bytes, beats: ScoreBeats | None = None) -> WorkEntry:
    score = read_score(data)
    return WorkEntry(work_id, "", "", "", score.notes, beats=beats or score.beats)


def same(one: ScoreBeats | None, other: ScoreBeats | None) -> bool:
    assert one is not None
    assert other is not None
    return (
        np.abs(one.time_s - other.time_s).max() < 0.001
        and one.position.tolist() == other.position.tolist()
        and one.beats_per_bar.tolist() == other.beats_per_bar.tolist()
    )


def test_the_catalogue_keeps_beats_through_updates_and_merges(tmp_path: Path) -> None:
    slowing = tuple((4.0 * bar, 120.0 - 2 * bar) for bar in range(30))
    files = {
        "steady": midi(400, [(0, 4, 4)], ((0, 97.3),)),
        "slowing": midi(120, [(0, 1, 4), (1, 3, 4), (61, 6, 8)], slowing),
        "none": midi(60, [], ()),
    }
    Catalogue.build(tmp_path, [entry(name, data) for name, data in files.items()])
    catalogue = Catalogue.update(tmp_path, [entry("annotated", files["none"], annotated(1))])
    for number in range(3):
        catalogue = Catalogue.update(tmp_path, [entry(f"more {number}", files["steady"])])
    assert len(catalogue.segments) == 1
    for name in ("steady", "slowing"):
        assert same(catalogue.score_beats(name), beats_of(files[name]))
    assert catalogue.score_beats("none") is None
    assert same(catalogue.score_beats("annotated"), annotated(1))
    catalogue.verify()
