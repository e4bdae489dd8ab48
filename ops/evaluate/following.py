"""Where in the score a followed player is: error at every beat, and the right one of a passage's places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.identify import Catalogue, Identifier, LiveTracker
from processors.notes import Notes

from .measures import share
from .repeats import Written
from .true_places import Performance

AFTER_S = 20.0
"""The position counts after so much playing."""
HEARD_S = 90.0
"""So much is played of each performance."""
WITHIN_S = 2.0
"""The right place of a passage, seconds of the work."""
PASSAGE_S = 6.0
"""A passage of so much playing, up to now, is repeated when the work has it elsewhere too."""
AT_BEAT_S = 0.02
"""A note so soon after the annotated beat is the beat's."""


class Place(NamedTuple):
    """A player's place at a beat.

    Attributes:
        played_s, written_s: the beat in the performance and in the work.
        answered_s: the answer, on the work's clock; None when another work was named or none.
        repeated: whether the work holds the latest passage elsewhere too.
    """

    played_s: float
    written_s: float
    answered_s: float | None
    repeated: bool


def evaluate_following(
    catalogue: Catalogue, performances: Sequence[Performance], seed: int, progress: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Play the performances to trackers of their own, once from the beginning and once from anywhere.

    Returns:
        for both: see ``figures``.
    """
    rng = np.random.default_rng(seed)
    identifier = Identifier(catalogue)
    rows: dict[str, Any] = {}
    begin_s = [0.0 for _ in performances]
    middle_s = [float(rng.uniform(0.0, max(p.beat_s[-1] - HEARD_S, 0.0))) for p in performances]
    for name, starts in (("from the beginning", begin_s), ("from anywhere", middle_s)):
        places = []
        for performance, start_s in zip(performances, starts, strict=True):
            part = part_of(performance, start_s)
            answered = answers_at(LiveTracker(identifier), part.notes, part.beat_s, performance.path)
            places.append(places_of(part, answered, catalogue))
            progress()
        rows[name] = figures(performances, places)
    return rows


def answers_at(tracker: LiveTracker, notes: Notes, times_s: NDArray[np.float64], path: str) -> list[float | None]:
    """The answered place in the work ``path`` at each of the ascending ``times_s``, None where it was not named."""
    answers: list[float | None] = []
    now: float | None = None
    heard = 0
    for time_s in times_s:
        while heard < len(notes) and notes.onset_s[heard] <= time_s + AT_BEAT_S:
            tracker.add(float(notes.onset_s[heard]), int(notes.pitch[heard]), int(notes.velocity[heard]))
            answer = tracker.answer()
            named = answer.status == "matched" and answer.candidates[0].path == path
            now = answer.candidates[0].ref_end_s if named else None
            heard += 1
        answers.append(now)
    return answers


def places_of(part: Performance, answered: Sequence[float | None], catalogue: Catalogue) -> list[Place]:
    """What was answered at each beat from ``AFTER_S`` of playing on."""
    work_id = next(info.work_id for info in catalogue.works() if info.path == part.path)
    written = Written(catalogue.notes_of(work_id))
    places = []
    for played_s, written_s, answer_s in zip(part.beat_s, part.written_s, answered, strict=True):
        if played_s - part.notes.onset_s[0] >= AFTER_S:
            since_s = part.written_at(float(played_s) - PASSAGE_S)
            repeated = written.repeats(since_s, float(written_s))
            places.append(Place(float(played_s), float(written_s), answer_s, repeated))
    return places


def figures(performances: Sequence[Performance], places: Sequence[Sequence[Place]]) -> dict[str, Any]:
    """Errors and shares in place, at all beats where this work was named (not a twin), and at those in repeats.

    Errors are in milliseconds of playing: how long before or after the beat the player was where the answer says; and
    in milliseconds on the work's clock.
    """
    played_ms, written_ms = [], []
    for performance, some in zip(performances, places, strict=True):
        for place in some:
            if place.answered_s is not None:
                played_ms.append(1000.0 * abs(performance.played_at(place.answered_s) - place.played_s))
                written_ms.append(1000.0 * abs(place.answered_s - place.written_s))
    every = [place for some in places for place in some]
    named = [place for place in every if place.answered_s is not None]
    return {
        "performances": len(performances),
        "beats": len(every),
        "named": share([place.answered_s is not None for place in every]),
        "error_ms": _quantiles(played_ms),
        "error_on_the_work_clock_ms": _quantiles(written_ms),
        "right_place": share([_in_place(place) for place in named]),
        "right_place_of_repeats": share([_in_place(place) for place in named if place.repeated]),
    }


def part_of(performance: Performance, start_s: float) -> Performance:
    """The ``HEARD_S`` of a performance from ``start_s`` on, on its own clock."""
    end_s = start_s + HEARD_S
    onset_s = performance.notes.onset_s
    heard = (onset_s >= start_s) & (onset_s < end_s)
    notes = performance.notes
    within = (performance.beat_s >= start_s) & (performance.beat_s < end_s)
    return Performance(
        performance.query,
        performance.path,
        Notes(onset_s[heard], notes.duration_s[heard], notes.pitch[heard], notes.velocity[heard]),
        performance.beat_s[within],
        performance.written_s[within],
    )


def _in_place(place: Place) -> bool:
    return place.answered_s is not None and abs(place.answered_s - place.written_s) <= WITHIN_S


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {f"p{q}": round(float(np.percentile(values, q)), 1) for q in (25, 50, 75, 90, 95, 99)}
