"""Places in the score: true ones from annotated beats, repeats, and errors beside another follower."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ops.evaluate.followers import summary
from ops.evaluate.following import evaluate_following
from ops.evaluate.repeats import Written
from ops.evaluate.true_places import Performance, different_works, performances_from_csv
from processors.identify import Catalogue
from processors.notes import Notes
from tests.processors.identify.music import piece, works
from tests.processors.identify.test_following import join


def slower(seed: int, ratio: float = 1.25) -> Performance:
    """A piece at a steady tempo, ``ratio`` times as long as written."""
    notes = piece(seed)
    written_s = np.arange(0.0, 78.0, 0.5)
    played = Notes.of(notes.onset_s * ratio, notes.pitch)
    return Performance(f"query/{seed}.mid", f"folder/{seed}.mid", played, written_s * ratio, written_s)


def test_beats_tell_where_a_player_is() -> None:
    performance = slower(1)
    assert performance.written_at(12.5) == pytest.approx(10.0)
    assert performance.played_at(10.0) == pytest.approx(12.5)
    assert performance.played_at(80.0) > performance.played_at(77.0)


def test_only_aligned_beats_are_read(tmp_path: Path) -> None:
    midi = bytes.fromhex("4d546864000000060000000101e04d54726b0000001400ff510307a12000903c408360803c4000ff2f00")
    (tmp_path / "q.mid").write_bytes(midi)
    (tmp_path / "q.txt").write_text("0.5\t0.5\tdb\n1.5\t1.5\tb\n2.5\t2.5\tb\n")
    (tmp_path / "r.txt").write_text("0\t0\tdb\n1\t1\tb\n2\t2\tb\n")
    rows = ["q.mid,r.mid,q.txt,r.txt,1", "q.mid,r.mid,q.txt,r.txt,1", "q.mid,s.mid,q.txt,r.txt,0"]
    head = "query_path,reference_path,annotation_path,reference_annotation_path,beats_aligned"
    (tmp_path / "p.csv").write_text("\n".join([head, *rows]))
    found = list(performances_from_csv(tmp_path / "p.csv", tmp_path))
    assert [performance.path for performance in found] == ["r.mid", "r.mid"]
    assert found[0].written_at(1.0) == pytest.approx(0.5)
    assert len(different_works(iter(found))) == 1


def test_a_repeat_is_seen() -> None:
    theme = piece(5).between(0.0, 16.0)
    written = Written(join(theme, piece(6).between(0.0, 10.0), theme))
    assert written.repeats(4.0, 12.0)
    assert not written.repeats(18.5, 26.0)


def test_followed_performances_are_in_place_to_the_millisecond(tmp_path: Path) -> None:
    catalogue = Catalogue.build(tmp_path / "catalogue", works(12))
    rows = evaluate_following(catalogue, [slower(seed) for seed in (2, 3)], seed=0)
    for row in rows.values():
        assert row["right_place"]["mean"] > 0.97
        assert row["error_ms"]["p50"] < 20.0


def test_no_answer_counts_against_a_follower() -> None:
    beat_s = [float(beat) for beat in range(60)]
    exact = {"beat_s": beat_s, "written_s": beat_s, "answered_s": beat_s}
    late = {**exact, "answered_s": [max(beat - 0.2, 0.0) for beat in beat_s]}
    lost = {**exact, "answered_s": [None] * 60}
    assert summary([exact], [exact])["median_ms"] == 0.0
    assert summary([late], [exact])["median_ms"] == pytest.approx(200.0)
    assert summary([lost], [exact])["within_2_s"] == 0.0
