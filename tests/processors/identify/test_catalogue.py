"""The catalogue on disk: built, grown, shrunk, refreshed; never half written, never silently damaged."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from processors.identify import Catalogue, CatalogueError, Identifier, WorkEntry
from processors.notes import Notes

from .music import piece, works


def best(catalogue: Catalogue, seed: int) -> str:
    answer = Identifier(catalogue).identify(piece(seed).between(20.0, 30.0))
    return answer.candidates[0].work_id if answer.status == "matched" else "unknown"


def test_opens_what_was_built(folder: Path) -> None:
    built = Catalogue.build(folder, works(10))
    opened = Catalogue.open(folder)
    assert opened.version == built.version
    assert len(opened) == 10
    assert [info.work_id for info in opened.works()] == [f"w{seed}" for seed in range(10)]
    info = next(iter(opened.works()))
    assert (info.title, info.path, info.notes_count) == ("Piece 0", "folder/0.mid", len(piece(0)))
    assert info.duration_s == pytest.approx(piece(0).end_s, abs=0.001)
    opened.verify()


def test_keeps_the_notes_of_a_work(folder: Path) -> None:
    notes = piece(4)
    kept = Catalogue.build(folder, works(6)).notes_of("w4")
    assert sorted(set(zip(kept.onset_s.round(2), kept.pitch, strict=True))) == sorted(
        set(zip(notes.onset_s.round(2), notes.pitch, strict=True))
    )


def test_long_rests_keep_their_length(folder: Path) -> None:
    notes = Notes.of(np.array([0.0, 1.0, 500.0, 501.0]), np.array([60, 62, 64, 65]))
    catalogue = Catalogue.build(folder, [WorkEntry("rests", "", "", "", notes)])
    assert catalogue.notes_of("rests").onset_s.tolist() == [0.0, 1.0, 500.0, 501.0]


def test_costs_no_more_than_eight_bytes_a_note(folder: Path) -> None:
    catalogue = Catalogue.build(folder, works(150, bars=120))
    words = sum(len(info.title) for info in catalogue.works())
    assert catalogue.query_bytes - words < 8 * catalogue.notes + 200_000


def test_work_added_is_found_and_the_old_view_stays(folder: Path) -> None:
    old = Catalogue.build(folder, works(10))
    assert best(old, 50) == "unknown"
    Catalogue.update(folder, add=works(1, 50))
    assert len(old) == 10
    new = old.refreshed()
    assert new is not old
    assert new.refreshed() is new
    assert best(new, 50) == "w50"
    assert best(new, 5) == "w5"


def test_work_removed_is_gone(folder: Path) -> None:
    Catalogue.build(folder, works(10))
    after = Catalogue.update(folder, remove=["w5", "never was there"])
    assert len(after) == 9
    assert best(after, 5) == "unknown"
    assert best(after, 6) == "w6"


def test_work_added_again_is_replaced(folder: Path) -> None:
    Catalogue.build(folder, works(10))
    after = Catalogue.update(folder, add=[WorkEntry("w5", "Another", "", "", piece(77))])
    assert len(after) == 10
    assert best(after, 5) == "unknown"
    assert best(after, 77) == "w5"


def test_of_one_id_twice_in_an_update_the_later_counts(folder: Path) -> None:
    first, second = WorkEntry("x", "first", "", "", piece(1)), WorkEntry("x", "second", "", "", piece(2))
    assert [info.title for info in Catalogue.update(folder, add=[first, second]).works()] == ["second"]


def test_many_small_updates_leave_few_segments_and_all_works(folder: Path) -> None:
    for seed in range(25):
        catalogue = Catalogue.update(folder, add=works(1, seed), positions={"catalogue/0": seed + 1})
    assert len(catalogue) == 25
    assert len(catalogue.segments) <= 6
    assert catalogue.positions == {"catalogue/0": 25}
    assert all(best(catalogue, seed) == f"w{seed}" for seed in range(0, 25, 4))
    catalogue.verify()
    assert len(list(folder.glob("*.segment"))) == len(catalogue.segments)


def test_positions_are_kept_until_changed(folder: Path) -> None:
    Catalogue.update(folder, add=works(1), positions={"catalogue/0": 5, "catalogue/1": 2})
    after = Catalogue.update(folder, remove=["w0"], positions={"catalogue/0": 6})
    assert after.positions == {"catalogue/0": 6, "catalogue/1": 2}


def test_no_catalogue_is_said_in_a_sentence(folder: Path) -> None:
    with pytest.raises(CatalogueError, match=r"There is no catalogue at .* make one"):
        Catalogue.open(folder)


def test_damaged_manifest_is_refused(folder: Path) -> None:
    Catalogue.build(folder, works(3))
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'\\"works\\":3', b'\\"works\\":4'))
    with pytest.raises(CatalogueError, match="damaged"):
        Catalogue.open(folder)


@pytest.mark.parametrize("keep", [0, 100, 50_000])
def test_segment_cut_off_is_refused(folder: Path, keep: int) -> None:
    Catalogue.build(folder, works(3))
    segment = next(folder.glob("*.segment"))
    segment.write_bytes(segment.read_bytes()[:keep])
    with pytest.raises(CatalogueError, match="cut off"):
        Catalogue.open(folder)


def test_segment_with_a_damaged_head_is_refused(folder: Path) -> None:
    Catalogue.build(folder, works(3))
    segment = next(folder.glob("*.segment"))
    data = bytearray(segment.read_bytes())
    data[40] ^= 1
    segment.write_bytes(data)
    with pytest.raises(CatalogueError, match="damaged"):
        Catalogue.open(folder)


def test_one_flipped_bit_is_found_by_verify(folder: Path) -> None:
    Catalogue.build(folder, works(3))
    segment = next(folder.glob("*.segment"))
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 4
    segment.write_bytes(data)
    with pytest.raises(CatalogueError, match="damaged"):
        Catalogue.open(folder).verify()


def test_a_missing_segment_is_refused(folder: Path) -> None:
    Catalogue.build(folder, works(3))
    next(folder.glob("*.segment")).unlink()
    with pytest.raises(CatalogueError, match="missing"):
        Catalogue.open(folder)


def test_leftovers_of_a_killed_writer_do_no_harm(folder: Path) -> None:
    Catalogue.build(folder, works(3))
    (folder / "0123.segment").write_bytes(b"half a segm")
    (folder / "manifest.json.99.tmp").write_bytes(b"{")
    assert len(Catalogue.open(folder)) == 3
    after = Catalogue.update(folder, add=works(1, 9))
    assert len(after) == 4
    assert not (folder / "0123.segment").exists()
    assert not (folder / "manifest.json.99.tmp").exists()


def test_a_writer_killed_at_any_moment_leaves_a_whole_catalogue(folder: Path) -> None:
    Catalogue.build(folder, works(3))
    script = textwrap.dedent(f"""
        from processors.identify import Catalogue
        from tests.processors.identify.music import works
        seed = 100
        print("ready", flush=True)
        while True:
            Catalogue.update({str(folder)!r}, add=works(1, seed, 4), positions={{"catalogue/0": seed + 1}})
            seed += 1
    """)
    root = Path(__file__).parents[3]
    for round_number in range(4):
        writer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root)
        assert writer.stdout is not None
        writer.stdout.readline()
        generation = Catalogue.open(folder).version
        while Catalogue.open(folder).version == generation:
            time.sleep(0.01)
        time.sleep(0.013 * round_number)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        catalogue = Catalogue.open(folder)
        catalogue.verify()
        works_there = {info.work_id for info in catalogue.works()}
        assert {f"w{seed}" for seed in range(100, catalogue.positions["catalogue/0"])} <= works_there
        assert {"w0", "w1", "w2"} <= works_there
    assert best(Catalogue.update(folder, add=works(1, 50)), 50) == "w50"


def test_two_writers_wait_for_each_other(folder: Path) -> None:
    script = textwrap.dedent(f"""
        import sys
        from processors.identify import Catalogue
        from tests.processors.identify.music import works
        first = int(sys.argv[1])
        for seed in range(first, first + 5):
            Catalogue.update({str(folder)!r}, add=works(1, seed, 4))
    """)
    root = Path(__file__).parents[3]
    writers = [subprocess.Popen([sys.executable, "-c", script, first], cwd=root) for first in ("0", "100")]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(Catalogue.open(folder)) == 10
