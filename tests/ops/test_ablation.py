"""``continuo evaluate ablation``: every way of looking up is measured on the same clips."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from ops.cli import app
from processors.identify import Catalogue, WorkEntry
from processors.notes import Notes

WAYS = {"fingerprints", "embeddings", "embeddings, aligned", "both", "both, quick"}
WORKS = 8


def tune(seed: int) -> Notes:
    rng = np.random.default_rng(seed)
    return Notes.of(np.cumsum(rng.choice([0.125, 0.25, 0.5], 150)), 60 + rng.integers(-12, 13, 150))


def write_midi(path: Path, notes: Notes) -> None:
    import mido

    track = mido.MidiTrack()
    now = 0
    for onset_s, pitch in zip(notes.onset_s.tolist(), notes.pitch.tolist(), strict=True):
        tick = round(onset_s * 960)
        track.append(mido.Message("note_on", note=pitch, velocity=80, time=tick - now))
        track.append(mido.Message("note_off", note=pitch, time=60))
        now = tick + 60
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(str(path))


def test_all_ways_are_measured_and_find_clear_clips(tmp_path: Path) -> None:
    entries = [WorkEntry(f"w{seed}", f"Tune {seed}", "Nobody", f"w{seed}.mid", tune(seed)) for seed in range(WORKS)]
    Catalogue.build(tmp_path / "catalogue", entries)
    with (tmp_path / "clips.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["query_path", "start_s", "length_s", "reference_path"])
        for seed in range(WORKS):
            write_midi(tmp_path / f"w{seed}.mid", tune(seed))
            rows.writerow([f"w{seed}.mid", 10.0, 10.0, f"w{seed}.mid"])
    command = [
        "evaluate",
        "ablation",
        "--catalogue",
        str(tmp_path / "catalogue"),
        "--clips",
        str(tmp_path / "clips.csv"),
    ]
    ran = CliRunner().invoke(app, [*command, "--variants", "clean,shifted", "--json"])
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.stdout.splitlines()[-1])
    assert set(result["results"]) == {"clean", "shifted"}
    for variant in result["results"].values():
        assert set(variant["10 s"]) == WAYS
        for way in variant["10 s"].values():
            assert way["top1"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "count": WORKS}
    assert result["vectors"] > WORKS
    assert result["bytes_per_note"]["embeddings"] > 0
    assert (tmp_path / "catalogue" / "embeddings").is_dir()
