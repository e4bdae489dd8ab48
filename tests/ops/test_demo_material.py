"""What the demo plays is what it says it is."""

from __future__ import annotations

import numpy as np
import pytest

from connectors.importers import ImportedWork
from ops.demo.material import broken_clips, clips_of_works, clips_outside
from processors.midi import BadMusicError, read_midi, write_midi
from processors.notes import Notes


def a_work() -> ImportedWork:
    rng = np.random.default_rng(1)
    onset_s = np.repeat(np.arange(200) * 0.25, 2)
    notes = Notes.of(onset_s, rng.integers(48, 84, 400), np.full(400, 0.2), np.full(400, 80))
    return ImportedWork("w", "A Work", "Nobody", "w.mid", None, write_midi(notes))


def test_clips_of_works_are_music_of_five_to_ten_seconds() -> None:
    for clip in clips_of_works([a_work()], 20, np.random.default_rng(0)):
        assert clip.work_id == "w"
        assert 4.0 < read_midi(clip.data).end_s < 11.0


def test_the_same_seed_plays_the_same() -> None:
    first, second = (clips_of_works([a_work()], 5, np.random.default_rng(3)) for _ in range(2))
    assert [clip.data for clip in first] == [clip.data for clip in second]


def test_improvisations_are_readable_and_differ() -> None:
    clips = clips_outside(3, np.random.default_rng(0))
    assert len({read_midi(clip.data).pitch.tobytes() for clip in clips}) == 3


def test_broken_clips_are_broken() -> None:
    reasons = set()
    for clip in broken_clips(a_work().midi):
        with pytest.raises(BadMusicError) as caught:
            read_midi(clip.data)
        reasons.add(caught.value.type)
    assert reasons == {"not_midi", "truncated", "no_notes"}
