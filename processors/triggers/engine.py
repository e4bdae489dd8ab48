"""When a source's triggers fire: at the moment for which a beat is predicted, else when the beat is heard.

No clock of its own: the caller says how late it is on the source's clock. Whatever is heard twice, late or after a
restart changes nothing, as long as the triggers that were issued before are recalled.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Literal

from schemas.rhythm import Beat, Section, SectionLabel

from .rules import Rules

MINUTE_S = 60.0
SECTIONS_MAX = 256
SESSIONS_MAX = 8
EARLY_S = 0.07
"""A beat so shortly before a section begins is the section's first."""
CATCH_UP_BEATS = 64
"""So many beats are made up for at the most where the numbers of two beats lie apart."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One trigger, ready to be issued.

    Attributes:
        key: names it wherever it goes.
        time_s: when its beat is, on the source's clock.
        by: the beat event that led to it: the one before the trigger's beat, or the beat itself.
    """

    key: str
    trigger: str
    error_type: str
    beat: int
    section: SectionLabel
    tempo_bpm: float
    time_s: float
    basis: Literal["predicted", "heard"]
    by: Beat


def key_of(source_id: str, session_id: str, beat: int) -> str:
    """The name of a trigger: the same however often it is decided."""
    return f"{source_id}/{session_id}/{beat}"


@dataclass(slots=True)
class _Session:
    """What is known of one session: its newest beat, sections, and up to which beat triggers were decided."""

    beat: Beat | None = None
    decided: int = 0
    given_up: bool = False
    sections: dict[float, Section] = field(default_factory=dict)
    fired_s: deque[float] = field(default_factory=deque)

    def section_at(self, time_s: float) -> SectionLabel:
        begun = [start_s for start_s in self.sections if start_s <= time_s + EARLY_S]
        return self.sections[max(begun)].label if begun else "other"


class SourceTriggers:
    """Decides the triggers of one source. Its newest beat says which session is being played."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._playing = _Session()

    def recall(self, session_id: str, beat: int, time_s: float) -> None:
        """A trigger that was issued before, by whichever worker."""
        session = self._session(session_id)
        session.fired_s.append(time_s)
        session.decided = max(session.decided, beat)

    def recall_beat(self, beat: Beat) -> None:
        """A beat whose triggers were decided before, so those of the beats before it were as well."""
        session = self._session(beat.session_id)
        if session.beat is None:
            session.decided = max(session.decided, beat.number - 1)

    def hear_section(self, section: Section) -> None:
        """A section, now or ahead of time; the same start replaces."""
        sections = self._session(section.session_id).sections
        sections[section.start_s] = section
        if len(sections) > SECTIONS_MAX:
            del sections[min(sections)]

    def hear(self, beat: Beat) -> list[Shot]:
        """A beat; returns what fires because it was not predicted, or not in time."""
        session = self._session(beat.session_id)
        if session.beat is not None and beat.number <= session.beat.number:
            return []
        self._playing = session
        session.beat, session.given_up = beat, False
        period_s = 60.0 / beat.tempo_bpm
        first = max(session.decided, beat.number - CATCH_UP_BEATS) + 1
        shots = [
            self._decide(session, beat, number, beat.time_s - (beat.number - number) * period_s, "heard")
            for number in range(first, beat.number + 1)
        ]
        return [shot for shot in shots if shot is not None]

    @property
    def newest(self) -> Beat | None:
        """The newest beat heard."""
        return self._playing.beat

    @property
    def due_s(self) -> float | None:
        """When something fires next, on the source's clock; None: not before another beat is heard."""
        session, beat = self._playing, self._playing.beat
        if beat is None or session.given_up or beat.number + 1 <= session.decided:
            return None
        sure = beat.confidence >= self._rules.limits.min_confidence
        fires = self._rules.rule_for(beat.number + 1, session.section_at(beat.next_beat_s)) is not None
        return beat.next_beat_s if sure and fires else None

    def fire(self) -> Shot | None:
        """What fires now that ``due_s`` has come; None where the limit is reached."""
        beat = self._playing.beat
        if beat is None or self.due_s is None:
            return None
        return self._decide(self._playing, beat, beat.number + 1, beat.next_beat_s, "predicted")

    def give_up(self) -> None:
        """What was due has not been played. Should its beat be heard after all, it fires then."""
        self._playing.given_up = True

    def _session(self, session_id: str) -> _Session:
        session = self._sessions.setdefault(session_id, _Session())
        if len(self._sessions) > SESSIONS_MAX:
            self._sessions.popitem(last=False)
        return session

    def _decide(
        self, session: _Session, by: Beat, number: int, time_s: float, basis: Literal["predicted", "heard"]
    ) -> Shot | None:
        """Decide a beat's trigger, once and for all."""
        session.decided = max(session.decided, number)
        limits, section = self._rules.limits, session.section_at(time_s)
        rule = self._rules.rule_for(number, section)
        if rule is None or by.confidence < limits.min_confidence:
            return None
        while session.fired_s and session.fired_s[0] <= time_s - MINUTE_S:
            session.fired_s.popleft()
        if len(session.fired_s) >= limits.max_per_minute:
            return None
        session.fired_s.append(time_s)
        return Shot(
            key=key_of(by.source_id, by.session_id, number),
            trigger=rule.trigger,
            error_type=rule.error_types[section],
            beat=number,
            section=section,
            tempo_bpm=by.tempo_bpm,
            time_s=time_s,
            basis=basis,
            by=by,
        )
