"""What beats are measured by: annotations, audited downbeats, and beats that no note bears out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ops.evaluate.beat_files import AnnotatedFile, pop909_files
from ops.evaluate.beats import Scores
from processors.beats import Beat
from processors.notes import Notes


def told(time_s: float, position: int) -> Beat:
    return Beat(time_s, position, position == 1, 4, 120.0, 0.9, time_s + 0.5)


def test_beats_are_compared_with_all_that_is_annotated() -> None:
    beat_s = 0.5 * np.arange(60)
    file = AnnotatedFile(Path("song.mid"), beat_s, beat_s[::4], audited_s=beat_s[2::4])
    notes = Notes.of(beat_s[::2], np.full(30, 60))
    late = [told(float(at), 1 + (k + 2) % 4) for k, at in enumerate(beat_s) if at >= 10.0]
    scores = Scores()
    scores.add(file, notes, late)
    assert 0.79 < scores.beat[0] < 0.81  # the first third was missed
    assert scores.downbeat == [0.0]
    assert 0.75 < scores.audited[0] < 0.85
    assert scores.annotated == [0.0]
    assert scores.start[0] < 0.55
    assert scores.with_note == [0.5]
    assert len(scores.between_notes) == 20
    assert all(scores.between_notes)


def test_a_songs_bars_are_those_of_its_phrases(tmp_path: Path) -> None:
    """The phrases of song 120 begin on its second beat; here the fourth is marked as the downbeat."""
    folder = tmp_path / "pop909"
    folder.mkdir()
    (folder / "120.mid").touch()
    rows = [f"{0.5 * k} {(k + 1) % 2}.0 {float(k % 4 == 3)}" for k in range(64)]
    (folder / "120.beats.txt").write_text("\n".join(rows))
    (song,) = pop909_files(tmp_path)
    assert song.audited_s is not None
    assert set(np.diff(song.audited_s)) == {2.0}
    assert not set(song.audited_s) & set(song.downbeat_s)
    short = song.until(10.0)
    assert short.audited_s is not None
    assert short.audited_s.max() < 10.0
