"""Runs pymatchmaker on the performances of ``ops.evaluate.followers``; stands alone, for an environment of its own.

matchmaker/bin/python ops/evaluate/run_matchmaker.py ours.json --method arzt --out arzt.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import mido
import numpy as np

AT_BEAT_S = 0.02
"""A note so soon after the annotated beat is the beat's; the same as for Continuo."""


def answers(row: dict[str, Any], method: str) -> list[float | None]:
    """Where in the score, seconds, the follower is at each beat; None before its first answer."""
    from matchmaker import Matchmaker  # type: ignore[import-not-found,unused-ignore]

    with tempfile.TemporaryDirectory() as folder:
        played = Path(folder) / "played.mid"
        cut(Path(row["performance"]), row["heard_s"], played)
        follower = Matchmaker(row["score"], played, input_type="midi", method=method)
        for _ in follower.run(verbose=False):
            pass
    beats, times_s = follower.score_follower.alignment_path
    ticks = follower.score_part.inv_beat_map(beats)
    score = mido.MidiFile(row["score"])
    ticks = ticks * score.ticks_per_beat / follower.score_part.quarter_duration_map(ticks)
    places_s = seconds_of(score, ticks)
    latest = np.searchsorted(times_s, np.array(row["beat_s"]) + AT_BEAT_S, side="right") - 1
    return [float(places_s[index]) if index >= 0 else None for index in latest]


def seconds_of(score: mido.MidiFile, ticks: Any) -> Any:
    """Ticks of a MIDI file in seconds, by its tempo changes."""
    at_tick, at_s, tempo = [0], [0.0], 500_000
    now = 0
    for message in mido.merge_tracks(score.tracks):
        now += message.time
        if message.type == "set_tempo":
            at_s.append(at_s[-1] + mido.tick2second(now - at_tick[-1], score.ticks_per_beat, tempo))
            at_tick.append(now)
            tempo = message.tempo
    at_s.append(at_s[-1] + mido.tick2second(now + 1 - at_tick[-1], score.ticks_per_beat, tempo))
    at_tick.append(now + 1)
    return np.interp(ticks, at_tick, at_s)


def cut(path: Path, length_s: float, out: Path) -> None:
    """The first ``length_s`` of a MIDI file, times unchanged."""
    whole = mido.MidiFile(path)
    short = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    short.tracks.append(track)
    now_s, written = 0.0, 0
    for message in whole:
        now_s += message.time
        if now_s >= length_s:
            break
        if message.type in ("note_on", "note_off"):
            tick = round(now_s * 960)  # 480 ticks a beat of half a second
            track.append(message.copy(time=tick - written))
            written = tick
    short.save(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours", type=Path)
    parser.add_argument("--method", default="pthmm", help="arzt, dixon, hmm, pthmm, outerhmm")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    rows = json.loads(arguments.ours.read_text())
    for number, row in enumerate(rows):
        row["answered_s"] = answers(row, arguments.method)
        print(number + 1, "of", len(rows), row["performance"], flush=True)
    arguments.out.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
