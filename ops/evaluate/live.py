"""``continuo evaluate live``: how soon a player is recognised, how often wrongly, and whether the tracker keeps up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from processors.identify import Catalogue, Identifier, LiveTracker
from processors.training.clips import TrueClip
from processors.training.twins import twins_of

from .measures import quantiles_ms, share

CHECKPOINTS = (8, 12, 16, 20, 30, 40)
UNKNOWN_CHECKPOINTS = (12, 20, 30)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the tracker said to one player, note by note.

    Attributes:
        named: after each note, the path of the work that was named, or None.
        right: the paths that are right.
        cost_ms: processor time of each answer.
    """

    named: list[str | None]
    right: set[str]
    cost_ms: list[float]

    @property
    def verdicts(self) -> list[bool | None]:
        """After each note: right, wrong, or None for ``unknown``."""
        return [None if path is None else path in self.right for path in self.named]


def evaluate_live(
    catalogue: Catalogue, clips: Sequence[TrueClip], progress: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Play every clip note by note to a tracker of its own, with its work in the catalogue, and without.

    Returns:
        for each number of notes the share of players with the right answer; of the answers that name a work before the
        right one was ever named, and of all that name one, the share that is wrong; players with a wrong answer before
        the right one, and at any time; players named although their work and its twins were taken out of the catalogue,
        at any time and after some numbers of notes; the cost of an answer.
    """
    identifier = Identifier(catalogue)
    identifier.warm_up()
    LiveTracker(identifier).answer()
    twins = twins_of(catalogue, {clip.path for clip in clips})
    ids = {info.path: info.work_id for info in catalogue.works()}
    known, unknown = [], []
    for clip in clips:
        right = twins[clip.path]
        without = Identifier(catalogue.without([ids[path] for path in right]))
        known.append(hear(LiveTracker(identifier), clip, right))
        unknown.append(hear(LiveTracker(without), clip, set()))
        progress()
    return {
        **_recognition(known),
        "unknown_players_named": share([any(path is not None for path in heard.named) for heard in unknown]),
        "unknown_named_after_notes": {
            str(count): share([heard.named[count - 1] is not None for heard in unknown if len(heard.named) >= count])
            for count in UNKNOWN_CHECKPOINTS
        },
        "answer_ms": _cost(known),
        "answer_to_unknown_ms": _cost(unknown),
    }


def hear(tracker: LiveTracker, clip: TrueClip, right: set[str]) -> Heard:
    """Play a clip to a tracker."""
    named: list[str | None] = []
    cost_ms = []
    for onset_s, pitch in zip(clip.notes.onset_s.tolist(), clip.notes.pitch.tolist(), strict=True):
        tracker.add(onset_s, pitch, 64)
        started = time.thread_time()
        answer = tracker.answer()
        cost_ms.append((time.thread_time() - started) * 1000.0)
        named.append(answer.candidates[0].path if answer.status == "matched" else None)
    return Heard(named, right, cost_ms)


def _recognition(known: Sequence[Heard]) -> dict[str, Any]:
    verdicts = [heard.verdicts for heard in known]
    before = [some[: some.index(True) if True in some else len(some)] for some in verdicts]
    return {
        "right_after_notes": {
            str(count): share([some[count - 1] is True for some in verdicts if len(some) >= count])
            for count in CHECKPOINTS
        },
        "right_within_notes": {
            str(count): share([True in some[:count] for some in verdicts if len(some) >= count])
            for count in CHECKPOINTS
        },
        "wrong_of_answers": share([said is False for some in verdicts for said in some]),
        "wrong_of_answers_before_the_right_one": share([said is False for some in before for said in some]),
        "players_wrongly_answered_before_the_right_one": share([False in some for some in before]),
        "players_with_a_wrong_answer": share([False in some for some in verdicts]),
    }


def _cost(players: Sequence[Heard]) -> dict[str, float]:
    cost_ms = [cost for heard in players for cost in heard.cost_ms]
    return {**quantiles_ms(cost_ms), "mean": round(float(np.mean(cost_ms)), 3) if cost_ms else 0.0}
