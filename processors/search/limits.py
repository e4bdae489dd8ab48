"""What a search may ask for, and errors that say what is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from processors.parts import INSTRUMENTS

Mode: TypeAlias = Literal["text", "audio", "hybrid", "similar"]
MODES: tuple[Mode, ...] = ("text", "audio", "hybrid", "similar")
MAX_FILTER_CHARACTERS = 256
MAX_INSTRUMENTS = 8
MAX_TEMPO_BPM = 1_000.0


class BadSearchError(ValueError):
    """The search cannot be made.

    Attributes:
        type: a short reason for programs: ``no_query``, ``query_too_long``, ``no_audio``, ``bad_alpha``, ``bad_top_k``,
            ``bad_filter``, ``no_such_work``.
    """

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """What one search may cost at the most."""

    query_max_characters: int = 2_000
    top_k_max: int = 100


@dataclass(frozen=True, slots=True)
class Filters:
    """Only works that fulfil all of these.

    Attributes:
        composer: a part of the composer's name, in any case; empty for all.
        instruments: names of ``processors.parts.INSTRUMENTS`` that must all play.
        tempo_min, tempo_max: beats a minute; a work without a tempo fulfils neither.
    """

    composer: str = ""
    instruments: tuple[str, ...] = ()
    tempo_min: float | None = None
    tempo_max: float | None = None

    def __bool__(self) -> bool:
        return self != Filters()


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is searched for, besides the sound.

    Attributes:
        mode: ``text``; ``audio``: by music, as sound or as MIDI; ``hybrid``: by both; ``similar``: more like a work.
        query: the text; must be empty where none is asked for.
        work_id: the work that more like it is wanted of.
        alpha: of a hybrid search, how much the text counts: 1 for text only, 0 for music only.
        top_k: how many works are wanted.
    """

    mode: Mode
    query: str = ""
    work_id: str = ""
    alpha: float = 0.5
    top_k: int = 10
    filters: Filters = field(default_factory=Filters)

    @property
    def wants_text(self) -> bool:
        """Whether there must be a text."""
        return self.mode in ("text", "hybrid")

    @property
    def wants_music(self) -> bool:
        """Whether there must be music."""
        return self.mode in ("audio", "hybrid")

    def check(self, limits: SearchLimits) -> None:
        """Refuse what cannot be searched for.

        Raises:
            BadSearchError: with the reason.
        """
        if self.wants_text and not self.query.strip():
            raise BadSearchError("no_query", "The query is empty; say in words what you are looking for.")
        if len(self.query) > limits.query_max_characters:
            raise BadSearchError(
                "query_too_long",
                f"The query has {len(self.query)} characters; the limit is {limits.query_max_characters}.",
            )
        if self.mode == "similar" and not self.work_id:
            raise BadSearchError("no_such_work", "Say of which work (work_id) more like it is wanted.")
        if not (math.isfinite(self.alpha) and 0.0 <= self.alpha <= 1.0):
            raise BadSearchError("bad_alpha", f"alpha is {self.alpha:g}; it must be from 0 (music) to 1 (text).")
        if not 1 <= self.top_k <= limits.top_k_max:
            raise BadSearchError("bad_top_k", f"top_k is {self.top_k}; it must be from 1 to {limits.top_k_max}.")
        self._check_filters()

    def _check_filters(self) -> None:
        filters = self.filters
        unknown = [name for name in filters.instruments if name not in INSTRUMENTS]
        if unknown:
            raise BadSearchError(
                "bad_filter", f"There is no instrument {unknown[0][:40]!r}; there are {', '.join(INSTRUMENTS)}."
            )
        if len(filters.composer) > MAX_FILTER_CHARACTERS or len(filters.instruments) > MAX_INSTRUMENTS:
            raise BadSearchError(
                "bad_filter",
                f"A composer's name may have {MAX_FILTER_CHARACTERS} characters, and {MAX_INSTRUMENTS} instruments "
                "may be named.",
            )
        for tempo in (filters.tempo_min, filters.tempo_max):
            if tempo is not None and not 0.0 <= tempo <= MAX_TEMPO_BPM:
                raise BadSearchError("bad_filter", f"A tempo of {tempo:g} is not from 0 to {MAX_TEMPO_BPM:g}.")
