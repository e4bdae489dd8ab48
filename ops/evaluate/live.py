"""``continuo evaluate live``: how soon a player is recognised, how often wrongly, and whether the tracker keeps up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from processors.identify import Catalogue, Identifier, LiveTracker
from processors.training.clips import TrueClip
from processors.training.twins import twins_of

from .measures import quantiles_ms, share

CHECKPOINTS = (8, 12, 16, 20, 30, 40)
PLACE_WITHIN_S = 2.0


def evaluate_live(
    catalogue: Catalogue, clips: Sequence[TrueClip], progress: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Play every clip note by note to a tracker of its own.

    Returns:
        for each number of notes the share of players with the right answer; the share of players that were given a
        wrong answer at any time, and of answers that were wrong; the place at the end; the cost of an answer.
    """
    identifier = Identifier(catalogue)
    identifier.warm_up()
    twins = twins_of(catalogue, {clip.path for clip in clips})
    right_at: dict[int, list[bool]] = {count: [] for count in CHECKPOINTS}
    wrong_players: list[bool] = []
    wrong_answers: list[bool] = []
    placed: list[bool] = []
    took_ms: list[float] = []
    for clip in clips:
        tracker = LiveTracker(identifier)
        wrong = 0
        place_s: float | None = None
        for number in range(len(clip.notes)):
            tracker.add(float(clip.notes.onset_s[number]), int(clip.notes.pitch[number]), 64)
            started = time.perf_counter()
            answer = tracker.answer()
            took_ms.append((time.perf_counter() - started) * 1000.0)
            matched = answer.status == "matched"
            right = matched and answer.candidates[0].path in twins[clip.path]
            wrong += matched and not right
            wrong_answers.append(matched and not right)
            place_s = answer.candidates[0].ref_end_s if right and answer.candidates[0].path == clip.path else None
            if number + 1 in right_at:
                right_at[number + 1].append(right)
        wrong_players.append(wrong > 0)
        if place_s is not None and clip.ref_end_s is not None:
            placed.append(abs(place_s - clip.ref_end_s) <= PLACE_WITHIN_S)
        progress()
    return {
        "right_after_notes": {str(count): share(values) for count, values in right_at.items()},
        "players_with_a_wrong_answer": share(wrong_players),
        "wrong_answers": share(wrong_answers),
        "place_at_end": share(placed),
        "answer_ms": quantiles_ms(took_ms),
        "mean_answer_ms": round(sum(took_ms) / max(len(took_ms), 1), 3),
    }
