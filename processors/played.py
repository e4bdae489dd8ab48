"""What was played, from when to when: a source's answers joined into the entries of a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Status = Literal["matched", "unknown", "failed"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer.

    Attributes:
        begin_s, end_s: what was heard for it, seconds since the epoch; equal for a live answer, which is of a moment.
        work_id, title, composer, confidence, ref_start_s, ref_end_s: of the work, where ``matched``.
        error: why, where ``failed``.
    """

    begin_s: float
    end_s: float
    status: Status
    work_id: str = ""
    title: str = ""
    composer: str = ""
    confidence: float = 0.0
    ref_start_s: float = 0.0
    ref_end_s: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """One entry of the list.

    Attributes:
        begin_s, end_s: seconds since the epoch.
        confidence: the mean of its answers', weighted alike; 0 unless ``matched``.
        answers: how many answers it rests on.
        ref_start_s, ref_end_s: the first and last second of the work that was heard.
    """

    begin_s: float
    end_s: float
    status: Status
    work_id: str
    title: str
    composer: str
    confidence: float
    answers: int
    ref_start_s: float
    ref_end_s: float
    error: str

    @property
    def length_s(self) -> float:
        return self.end_s - self.begin_s


def joined(heard: Iterable[Heard], *, pause_s: float = 30.0, doubt_s: float = 10.0) -> list[Played]:
    """Join answers into entries, in the order of time.

    Answers of the same work are one entry while no more than ``pause_s`` lies between them. What is not recognised for
    less than ``doubt_s`` amid one work is part of it, and so is another work that is named for less than that, by fewer
    than a tenth of the answers around it.

    Args:
        heard: the answers of one source, in any order.
        pause_s: a longer silence ends an entry.
        doubt_s: how long a doubt may last without an entry of its own.

    Returns:
        The entries. Times in which nothing was heard are in none of them.
    """
    runs = _runs(
        [_entry(answer) for answer in sorted(heard, key=lambda answer: (answer.begin_s, answer.end_s))], pause_s
    )
    while (simpler := _without_doubts(runs, pause_s, doubt_s)) != runs:
        runs = simpler
    return runs


def _entry(heard: Heard) -> Played:
    matched = heard.status == "matched"
    return Played(
        begin_s=heard.begin_s,
        end_s=heard.end_s,
        status=heard.status,
        work_id=heard.work_id if matched else "",
        title=heard.title if matched else "",
        composer=heard.composer if matched else "",
        confidence=heard.confidence if matched else 0.0,
        answers=1,
        ref_start_s=heard.ref_start_s if matched else 0.0,
        ref_end_s=heard.ref_end_s if matched else 0.0,
        error=heard.error,
    )


def _same(first: Played, second: Played) -> bool:
    return (first.status, first.work_id, first.error) == (second.status, second.work_id, second.error)


def _near(first: Played, second: Played, pause_s: float) -> bool:
    return second.begin_s - first.end_s <= pause_s


def _runs(entries: Sequence[Played], pause_s: float) -> list[Played]:
    runs: list[Played] = []
    for entry in entries:
        if runs and _same(runs[-1], entry) and _near(runs[-1], entry, pause_s):
            runs[-1] = _joined(runs[-1], entry)
        else:
            runs.append(entry)
    return runs


def _joined(first: Played, second: Played) -> Played:
    answers = first.answers + second.answers
    confidence = (first.confidence * first.answers + second.confidence * second.answers) / answers
    return replace(
        first,
        end_s=max(first.end_s, second.end_s),
        confidence=confidence,
        answers=answers,
        ref_start_s=min(first.ref_start_s, second.ref_start_s),
        ref_end_s=max(first.ref_end_s, second.ref_end_s),
    )


def _without_doubts(runs: Sequence[Played], pause_s: float, doubt_s: float) -> list[Played]:
    kept: list[Played] = []
    place = 0
    while place < len(runs):
        run = runs[place]
        after = runs[place + 1] if place + 1 < len(runs) else None
        if kept and after is not None and _is_doubt(kept[-1], run, after, pause_s, doubt_s):
            # the doubt's answers say nothing for the work, and its time lies within the entry
            kept[-1] = _joined(kept[-1], after)
            place += 2
        else:
            kept.append(run)
            place += 1
    return kept


def _is_doubt(before: Played, run: Played, after: Played, pause_s: float, doubt_s: float) -> bool:
    amid = before.status == "matched" and _same(before, after)
    close = _near(before, run, pause_s) and _near(run, after, pause_s) and after.begin_s - before.end_s <= pause_s
    if not (amid and close) or run.length_s >= doubt_s:
        return False
    return run.status == "unknown" or (run.status == "matched" and run.answers * 10 < before.answers + after.answers)
