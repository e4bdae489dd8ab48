"""Beside another score follower: the same performances, the same beats, side by side.

The other follower, pymatchmaker, pins versions that do not go with Continuo's, so it runs in an environment of its own
(it needs the system's PortAudio, and no pyfluidsynth, which would download a SoundFont):

    python -m ops.evaluate.followers ours CATALOGUE --performances CSV --root DATA --out ours.json
    uv venv matchmaker && uv pip install --python matchmaker/bin/python pymatchmaker
    uv pip uninstall --python matchmaker/bin/python pyfluidsynth
    matchmaker/bin/python ops/evaluate/run_matchmaker.py ours.json --method arzt --out arzt.json
    python -m ops.evaluate.followers compare ours.json arzt.json

Continuo has to find the work among all of the catalogue; pymatchmaker is given the score, and its start.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from processors.identify import Catalogue, Identifier, LiveTracker

from .following import AFTER_S, HEARD_S, WITHIN_S, answers_at, part_of
from .true_places import different_works, performances_from_csv


def ours(catalogue: Catalogue, performances: Path, root: Path, limit: int) -> list[dict[str, Any]]:
    """What the live tracker answers at every beat of each performance, with all that another follower needs."""
    identifier = Identifier(catalogue)
    rows = []
    for performance in different_works(performances_from_csv(performances, root), limit):
        part = part_of(performance, 0.0)
        rows.append(
            {
                "performance": str(root / performance.query),
                "score": str(root / performance.path),
                "heard_s": HEARD_S,
                "beat_s": part.beat_s.tolist(),
                "written_s": part.written_s.tolist(),
                "answered_s": answers_at(LiveTracker(identifier), part.notes, part.beat_s, part.path),
            }
        )
    return rows


def summary(rows: list[dict[str, Any]], reference: list[dict[str, Any]]) -> dict[str, Any]:
    """Errors of one follower at the beats after ``AFTER_S`` of playing where the ``reference`` has an answer."""
    errors_ms: list[float] = []
    medians_ms = []
    for row, other in zip(rows, reference, strict=True):
        beat_s, written_s = np.array(row["beat_s"]), np.array(row["written_s"])
        own = [
            _error_ms(beat_s, written_s, row["answered_s"][index], index)
            for index, beat in enumerate(beat_s)
            if beat - beat_s[0] >= AFTER_S and other["answered_s"][index] is not None
        ]
        errors_ms += own
        if own:
            medians_ms.append(float(np.median(own)))
    within = [error <= WITHIN_S * 1000.0 for error in errors_ms]
    return {
        "performances": len(medians_ms),
        "beats": len(errors_ms),
        "median_ms": _rounded(errors_ms, 50),
        "p90_ms": _rounded(errors_ms, 90),
        "within_100_ms": round(float(np.mean(np.array(errors_ms) <= 100.0)), 4),
        "within_2_s": round(float(np.mean(within)), 4),
        "worst_performance_median_ms": round(max(medians_ms), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    own = commands.add_parser("ours")
    own.add_argument("catalogue", type=Path)
    own.add_argument("--performances", type=Path, required=True)
    own.add_argument("--root", type=Path, required=True)
    own.add_argument("--limit", type=int, default=20)
    own.add_argument("--out", type=Path, required=True)
    compare = commands.add_parser("compare")
    compare.add_argument("results", type=Path, nargs="+", help="The first says which beats count.")
    arguments = parser.parse_args()
    if arguments.command == "ours":
        rows = ours(Catalogue.open(arguments.catalogue), arguments.performances, arguments.root, arguments.limit)
        arguments.out.write_text(json.dumps(rows))
        return
    results = {path.stem: json.loads(path.read_text()) for path in arguments.results}
    reference = next(iter(results.values()))
    print(json.dumps({name: summary(rows, reference) for name, rows in results.items()}, indent=2))


def _error_ms(beat_s: Any, written_s: Any, answered_s: float | None, index: int) -> float:
    """How long before or after the beat the player was where the answer says, milliseconds; a minute for no answer."""
    if answered_s is None:
        return 60_000.0
    beyond = min(answered_s - written_s[0], 0.0) + max(answered_s - written_s[-1], 0.0)
    return 1000.0 * abs(float(np.interp(answered_s, written_s, beat_s)) + float(beyond) - float(beat_s[index]))


def _rounded(values: list[float], percent: int) -> float:
    return round(float(np.percentile(values, percent)), 1)


if __name__ == "__main__":
    main()
