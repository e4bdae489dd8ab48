"""The works that beats are learnt from, kept from one command to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import symusic

from processors.training.beats.pool import load_works

QUARTER = 480


def _write_score(path: Path, pitch: int) -> None:
    score: Any = symusic.Score(QUARTER)
    track: Any = symusic.Track()
    for beat in range(64):
        track.notes.append(symusic.Note(beat * QUARTER, QUARTER // 2, pitch + 12 * (beat % 4 == 0), 80))
    score.tracks.append(track)
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    score.tempos.append(symusic.Tempo(0, 120.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    score.dump_midi(str(path))


def test_works_are_kept_for_what_is_left_out(tmp_path: Path) -> None:
    names = ["corpus/march.mid", "corpus/dance.mid"]
    for pitch, name in zip((60, 64), names, strict=True):
        _write_score(tmp_path / "data" / name, pitch)
    (tmp_path / "data" / "corpus" / "manifest.csv").write_text("path\n" + "\n".join(names) + "\n")

    def load(*without: str) -> list[str]:
        return [work.name for work in load_works(tmp_path / "data", tmp_path / "kept", without)]

    assert load() == names
    assert load(names[0]) == names[1:]
    for name in names:
        (tmp_path / "data" / name).unlink()
    assert load() == names
    assert load(names[0]) == names[1:]
