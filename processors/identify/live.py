"""Live identification: follows one player, note by note."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from processors.score_beats import ScoreBeats
from schemas.events import Candidate

from .belief import Belief, belief_features
from .finding import Finder
from .hypotheses import Heard, Hypothesis
from .matcher import Identification, Identifier
from .segment import Segment

MIN_NOTES = 8
"""Before so many notes nothing is believed."""
STILL_BELIEVED = 0.5
"""What was believed is taken back below this probability."""
SEARCHED_NOTES = 40
"""So long other works are looked for that may fit better; then the work is settled."""
RIVALS = 4
"""So many hypotheses are followed from then on: works with the same music may part later."""
SWITCH_LEAD = 5.0
"""Log odds by which another work must lead before it replaces the one that is followed ..."""
NEW_PIECE_LEAD = 10.0
"""... and on the notes since a doubt began: to begin a piece is as unlikely as to jump."""
DOUBT = 8.0
"""So much evidence lost since its peak, four notes or so that do not fit, and another piece is looked for ..."""
BEFORE_DOUBT = 2
"""... from so many notes before the peak on."""
GIVE_UP_NOTES = 20
"""After so many notes in doubt the answer is ``unknown`` again."""
WORKS_WITH_BEATS = 64
"""So many works' beats are kept at hand."""


class Spot(NamedTuple):
    """A player's place in a work of the catalogue, seconds on the work's clock."""

    segment: Segment
    work: int
    work_s: float


class LiveTracker:
    """Hears one player's notes and says what is played: ``unknown`` until sure, then the work and the place in it.

    Hypotheses gather evidence from note to note. While the player keeps to the work, or jumps within it, an answer
    costs one step of following. When the notes stop fitting, the catalogue is searched for another piece. The first
    candidate's ``ref_end_s`` is where the player is, its ``ref_start_s`` where what was played without a jump began.
    One thread at a time.
    """

    def __init__(self, identifier: Identifier, window_s: float = 30.0, window_max_notes: int = 256) -> None:
        self.identifier = identifier
        self._belief = Belief.load()
        self._window_ms = window_s * 1000.0
        self._heard: deque[Heard] = deque(maxlen=window_max_notes)
        self._unheard: list[Heard] = []
        self._finder = Finder(identifier)
        self._another: Finder | None = None
        self._followed: Hypothesis | None = None
        self._confidence = 0.0
        self._beats: dict[tuple[int, int], ScoreBeats | None] = {}

    def add(self, time_s: float, pitch: int, velocity: int) -> None:
        """Hear a note-on at ``time_s`` on the player's clock."""
        self._unheard.append((time_s * 1000.0, pitch))

    def answer(self) -> Identification:
        """What is being played, as far as can be said now."""
        for note in self._unheard:
            self._hear(note)
        self._unheard.clear()
        ranked = self._finder.ranked()
        followed = self._followed
        if followed is not None:
            ranked = [followed, *(other for other in ranked if not other.is_of(followed))]
        confidence = self._confidence
        if followed is not None and _in_doubt(followed):
            confidence *= max(1.0 - followed.follower.since_peak / GIVE_UP_NOTES, 0.0)
        return Identification(
            "unknown" if followed is None else "matched",
            self._candidates(ranked[: self.identifier.top], confidence),
            len(self._heard),
            confidence,
        )

    @property
    def place(self) -> Spot | None:
        """Where the latest note was found in the work that is followed; None if it was not, or none is followed."""
        followed = self._followed
        if followed is None or self._unheard or _in_doubt(followed):
            return None
        position = followed.follower.position
        return Spot(followed.segment, followed.work, position.now_s) if position.found else None

    def _hear(self, note: Heard) -> None:
        if self._heard:
            note = (max(note[0], self._heard[-1][0]), note[1])
        self._heard.append(note)
        while self._heard[0][0] < note[0] - self._window_ms:
            self._heard.popleft()
        self._finder.hear(note)
        if self._finder.searching:
            self._decide()
        self._doubt(note)

    def _decide(self) -> None:
        """Whether the likeliest hypothesis is to be believed, with the notes so far."""
        best, self._confidence = self._likeliest(self._finder)
        if best is None or self._confidence < self._belief.threshold:
            if self._confidence < STILL_BELIEVED:
                self._followed = None
        elif self._followed is None or best.score > self._followed.score + SWITCH_LEAD:
            self._followed = best
        if self._followed is not None and self._finder.notes >= SEARCHED_NOTES:
            self._finder.keep(RIVALS)

    def _likeliest(self, finder: Finder) -> tuple[Hypothesis | None, float]:
        ranked = finder.ranked()
        if not ranked or finder.notes < MIN_NOTES:
            return None, 0.0
        notes = min(finder.notes, SEARCHED_NOTES)
        return ranked[0], self._belief.probability(belief_features(ranked, notes))

    def _doubt(self, note: Heard) -> None:
        """When the notes have stopped fitting: a jump mends itself, mistakes pass, else it is another piece."""
        if self._followed is None or not _in_doubt(self._followed):
            self._another = None
            return
        follower = self._followed.follower
        if self._another is None:
            self._another = Finder(self.identifier, list(self._heard)[-follower.since_peak - BEFORE_DOUBT :])
        else:
            self._another.hear(note)
        best, confidence = self._likeliest(self._another)
        lead = best.score - (follower.evidence - follower.peak) if best is not None else 0.0
        new = best is not None and not (best.is_of(self._followed) and best.shift == self._followed.shift)
        if new and confidence >= self._belief.threshold and lead >= NEW_PIECE_LEAD:
            self._finder, self._another = self._another, None
            self._followed, self._confidence = best, confidence
        elif follower.since_peak >= GIVE_UP_NOTES:
            self._finder, self._another = self._another, None
            self._followed, self._confidence = None, confidence

    def _candidates(self, ranked: Sequence[Hypothesis], confidence: float) -> tuple[Candidate, ...]:
        """The ranked hypotheses, which share the confidence by their odds."""
        if not ranked:
            return ()
        scores = np.array([hypothesis.score for hypothesis in ranked])
        odds = np.exp(np.maximum(scores - scores.max(), -50.0))
        shares = confidence * odds / odds.sum()
        return tuple(
            _candidate(one, self._beats_of(one), float(share)) for one, share in zip(ranked, shares, strict=True)
        )

    def _beats_of(self, hypothesis: Hypothesis) -> ScoreBeats | None:
        key = (id(hypothesis.segment), hypothesis.work)
        if key not in self._beats:
            if len(self._beats) >= WORKS_WITH_BEATS:
                self._beats.clear()
            self._beats[key] = hypothesis.segment.score_beats(hypothesis.work)
        return self._beats[key]


def _in_doubt(followed: Hypothesis) -> bool:
    return followed.follower.evidence < followed.follower.peak - DOUBT


def _candidate(hypothesis: Hypothesis, beats: ScoreBeats | None, confidence: float) -> Candidate:
    info = hypothesis.segment.info(hypothesis.work)
    position = hypothesis.follower.position
    return Candidate(
        work_id=info.work_id,
        title=info.title,
        composer=info.composer,
        path=info.path,
        confidence=confidence,
        ref_start_s=position.from_s,
        ref_end_s=position.now_s,
        ref_start_beat=None if beats is None else beats.beat_at(position.from_s),
        ref_end_beat=None if beats is None else beats.beat_at(position.now_s),
        transposition=hypothesis.shift,
        tempo_ratio=position.tempo_ratio,
        score=hypothesis.follower.evidence,
        matched_notes=position.matched,
    )
