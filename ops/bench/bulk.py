"""``continuo bench bulk``: songs a second through a bulk job, and a job that is killed again and again.

Two cores and other programs make figures on the clock depend on who else runs, so both are told: seconds on the
clock, and seconds that the workers computed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil

from ops.stack.environment import environment_with
from ops.stack.part import Part

from .bulk_files import write_clips, write_songs
from .core_time import core_s
from .rig import Rig, rig

WARM_SONGS = 8
POLL_S = 0.02
PATIENCE_S = 3_600.0
STRIKES = ("client", "worker", "client and worker")


@dataclass(frozen=True, slots=True)
class Load:
    """What is measured.

    Attributes:
        want: the analyses, with commas.
        songs, song_s: sound files for the rate, and how long each is.
        files, broken, kills: of the job that is killed.
        workers: processes that compute.
    """

    want: str
    songs: int
    song_s: float
    files: int
    broken: int
    kills: int
    workers: int


def bulk(load: Load, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure the rate, then kill a job.

    Returns:
        ``rate``: ``songs_per_s`` on the clock, ``songs_per_core_s`` of the workers' own computing, and its parts;
        ``killed``: ``results``, ``errors``, ``computed_again`` (after the answer was stored), ``begun_again`` (lost
        with a killed worker before its answer was stored), ``repeated_lines`` and ``kills`` by kind.
    """
    with rig(("kafka", "registry"), ()) as made, TemporaryDirectory(prefix="continuo-bench-") as scratch:
        workers = [made.stack.add("bulk") for _ in range(load.workers)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.wait_healthy()
        result: dict[str, Any] = {"want": load.want, "workers": load.workers}
        if load.songs:
            result["rate"] = _rate(made, workers, load, Path(scratch), seed, say)
        if load.files:
            result["killed"] = _killed(made, workers, load, Path(scratch), seed, say)
        return result


def _rate(
    made: Rig, workers: Sequence[Part], load: Load, scratch: Path, seed: int, say: Callable[[str], None]
) -> dict[str, Any]:
    say(f"Playing {load.songs} songs of {load.song_s:g} s into files.")
    for name, count in (("warm", WARM_SONGS), ("songs", load.songs)):
        (scratch / name).mkdir()
        write_songs(scratch / name, made.works, count, load.song_s, seed + (name == "warm"))
    _finish(_start(made, scratch / "warm", scratch / "warm.jsonl", load.want))
    before_s = _computed_s(workers)
    counts = _finish(_start(made, scratch / "songs", scratch / "songs.jsonl", load.want))
    computed_s = _computed_s(workers) - before_s
    rows = _rows(scratch / "songs.jsonl")
    if counts["answered"] != load.songs:
        raise RuntimeError(f"Only {counts['answered']} of {load.songs} songs were answered.")
    rate = {
        "songs": load.songs,
        "song_s": load.song_s,
        "songs_per_s": counts["files_per_s"],
        "songs_per_core_s": round(load.songs / computed_s, 2),
        "seconds": counts["seconds"],
        "computed_s": round(computed_s, 1),
        "megabytes": round(sum(file.stat().st_size for file in (scratch / "songs").iterdir()) / 1e6, 1),
    }
    if "identify" in load.want:
        rate["identified"] = sum(row["identify"]["status"] == "matched" for row in rows)
    say(f"{rate}")
    return rate


def _killed(
    made: Rig, workers: Sequence[Part], load: Load, scratch: Path, seed: int, say: Callable[[str], None]
) -> dict[str, Any]:
    folder, lines = scratch / "files", scratch / "files.jsonl"
    folder.mkdir()
    write_clips(folder, made.works, load.files, load.broken, seed)
    rng = np.random.default_rng(seed)
    first_s = time.time()
    client = _start(made, folder, lines, load.want)
    kinds: Counter[str] = Counter()
    for number in range(load.kills):
        share = (number + float(rng.uniform(0.3, 1.0))) / (load.kills + 0.5)
        _wait_for_lines(client, lines, round(share * load.files))
        kind = STRIKES[number % len(STRIKES)]
        say(f"{kind} killed after about {share:.0%} of the files")
        kinds[kind] += 1
        if "worker" in kind:
            worker = workers[number % len(workers)]
            worker.kill()
            worker.start()
        if "client" in kind:
            client.kill()
            client.communicate()
            client = _start(made, folder, lines, load.want)
    counts = _finish(client)
    rows = _rows(lines)
    paths = [row["path"] for row in rows]
    computed_again, begun_again = _computed_again([worker.log for worker in workers], first_s)
    return {
        "files": load.files,
        "broken": load.broken,
        "kills": dict(kinds),
        "results": sum(row["status"] == "answered" for row in rows),
        "errors": sum(row["status"] == "failed" for row in rows),
        "missing_lines": load.files - len(set(paths)),
        "repeated_lines": len(paths) - len(set(paths)),
        "computed_again": computed_again,
        "begun_again": begun_again,
        "error_types": dict(Counter(row["error"]["type"] for row in rows if row["error"])),
        "seconds_after_last_kill": counts["seconds"],
    }


def _computed_again(logs: Sequence[Path], since_s: float) -> tuple[int, int]:
    """How many analyses of files the workers began after the answer was stored, and how many before, but twice."""
    begun: dict[tuple[str, str], list[float]] = {}
    stored: dict[tuple[str, str], float] = {}
    for log in logs:
        for line in log.read_text("utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if row.get("event") not in ("computing", "stored"):
                continue
            at_s = datetime.fromisoformat(row["timestamp"]).timestamp()
            if at_s < since_s:
                continue
            if row["event"] == "computing":
                for sha256 in row["files"]:
                    begun.setdefault((sha256, row["want"]), []).append(at_s)
            else:
                key = row["file"], row["want"]
                stored[key] = min(at_s, stored.get(key, at_s))
    late = sum(at_s > stored[key] for key, times in begun.items() if key in stored for at_s in times)
    return late, sum(len(times) - 1 for times in begun.values()) - late


def _start(made: Rig, folder: Path, lines: Path, want: str) -> subprocess.Popen[str]:
    command = ["bulk", str(folder), "--want", want, "--jsonl", str(lines), "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "ops.cli", *command],
        env=environment_with(made.settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(client: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = client.communicate(timeout=PATIENCE_S)
    if client.returncode:
        raise RuntimeError(f"The job ended with code {client.returncode}: {err}")
    counts: dict[str, Any] = json.loads(out)
    return counts


def _wait_for_lines(client: subprocess.Popen[str], lines: Path, count: int) -> None:
    while not lines.exists() or lines.read_bytes().count(b"\n") < count:
        if client.poll() is not None:
            raise RuntimeError(f"The job ended by itself with code {client.returncode}.")
        time.sleep(POLL_S)


def _rows(lines: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.read_text("utf-8").splitlines()]


def _computed_s(workers: Sequence[Part]) -> float:
    return sum(core_s(psutil.Process(worker.pid)) for worker in workers)
