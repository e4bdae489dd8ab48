"""Events as columns of the tables in ClickHouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.consumer import Received
from schemas.events import Candidate, DeadLetter, Match, Work
from schemas.sound import Instrumentation

Columns = dict[str, Sequence[Any]]
"""Column name to values, all of the same length."""

NOTHING = Candidate(
    work_id="",
    title="",
    composer="",
    path="",
    confidence=0.0,
    ref_start_s=0.0,
    ref_end_s=0.0,
    transposition=0,
    tempo_ratio=0.0,
    score=0.0,
    matched_notes=0,
)


def match_columns(matches: Sequence[Match]) -> Columns:
    """Rows of ``matches``: the believed candidate as columns, all candidates as arrays."""
    best = [match.candidates[0] if match.status == "matched" and match.candidates else NOTHING for match in matches]
    ranked = [match.candidates for match in matches]
    return {
        **_common(matches),
        "trace_context": [match.trace_context or "" for match in matches],
        "made_by": [match.made_by for match in matches],
        "kind": [match.kind for match in matches],
        "clip_id": [match.clip_id or "" for match in matches],
        "status": [match.status for match in matches],
        "error_type": [match.error.type if match.error else "" for match in matches],
        "error_message": [match.error.message if match.error else "" for match in matches],
        "work_id": [work.work_id for work in best],
        "title": [work.title for work in best],
        "composer": [work.composer for work in best],
        "confidence": [work.confidence for work in best],
        "ref_start_s": [work.ref_start_s for work in best],
        "ref_end_s": [work.ref_end_s for work in best],
        "transposition": [work.transposition for work in best],
        "tempo_ratio": [work.tempo_ratio for work in best],
        "ref_start_beat": [work.ref_start_beat for work in best],
        "ref_end_beat": [work.ref_end_beat for work in best],
        "candidates.work_id": [[work.work_id for work in works] for works in ranked],
        "candidates.confidence": [[work.confidence for work in works] for works in ranked],
        "candidates.ref_start_s": [[work.ref_start_s for work in works] for works in ranked],
        "candidates.ref_end_s": [[work.ref_end_s for work in works] for works in ranked],
        "candidates.transposition": [[work.transposition for work in works] for works in ranked],
        "candidates.tempo_ratio": [[work.tempo_ratio for work in works] for works in ranked],
        "candidates.score": [[work.score for work in works] for works in ranked],
        "candidates.matched_notes": [[work.matched_notes for work in works] for works in ranked],
        **_place_columns(ranked),
        "notes_heard": [match.notes_heard for match in matches],
        "time_s": [match.time_s for match in matches],
        "compute_ms": [match.compute_ms for match in matches],
        "latency_ms": [match.latency_ms for match in matches],
    }


def _place_columns(ranked: Sequence[Sequence[Candidate]]) -> Columns:
    """All places of the candidates, and what the confidence in them rests on."""
    return {
        "candidates.ref_start_beat": [[work.ref_start_beat for work in works] for works in ranked],
        "candidates.ref_end_beat": [[work.ref_end_beat for work in works] for works in ranked],
        "candidates.places_start_s": [
            [[place.ref_start_s for place in work.places] for work in works] for works in ranked
        ],
        "candidates.places_end_s": [[[place.ref_end_s for place in work.places] for work in works] for works in ranked],
        "candidates.misfit": [[work.evidence.misfit if work.evidence else None for work in works] for works in ranked],
        "candidates.lead": [[work.evidence.lead if work.evidence else None for work in works] for works in ranked],
        "candidates.effort": [[work.evidence.effort if work.evidence else None for work in works] for works in ranked],
    }


def dead_letter_columns(letters: Sequence[DeadLetter]) -> Columns:
    """Rows of ``dead_letters``."""
    return {
        **_common(letters),
        "stage": [letter.stage for letter in letters],
        "error_type": [letter.error_type for letter in letters],
        "message": [letter.message for letter in letters],
        "attempts": [letter.attempts for letter in letters],
        "key": [letter.key or b"" for letter in letters],
        "value": [letter.value or b"" for letter in letters],
        "value_size": [letter.value_size for letter in letters],
    }


def instrument_columns(events: Sequence[Instrumentation]) -> Columns:
    """Rows of ``instruments``; what was heard second by second stays on the topic."""
    return {
        **_common(events),
        "clip_id": [event.clip_id for event in events],
        "name": [event.name for event in events],
        "made_by": [event.made_by for event in events],
        "status": [event.status for event in events],
        "error_type": [event.error.type if event.error else "" for event in events],
        "error_message": [event.error.message if event.error else "" for event in events],
        "instruments": [[heard.label for heard in event.instruments] for event in events],
        "probabilities": [[heard.probability for heard in event.instruments] for event in events],
        "duration_s": [event.duration_s for event in events],
        "compute_ms": [event.compute_ms for event in events],
        "latency_ms": [event.latency_ms for event in events],
    }


def work_columns(records: Sequence[Received]) -> Columns:
    """Rows of ``works``: from events, and from tombstones, which have none."""
    works = [record.event if isinstance(record.event, Work) else None for record in records]
    return {
        "work_id": [(record.key or b"").decode("utf-8", "replace") for record in records],
        "title": [work.title if work else "" for work in works],
        "composer": [work.composer if work else "" for work in works],
        "path": [work.path if work else "" for work in works],
        "licence": [(work.licence or "") if work else "" for work in works],
        "updated_at": [record.timestamp_ms for record in records],
        "catalogue_offset": [record.origin.offset for record in records],
        "removed": [0 if work else 1 for work in works],
    }


def _common(events: Sequence[Match] | Sequence[DeadLetter] | Sequence[Instrumentation]) -> Columns:
    return {
        "origin_topic": [event.origin.topic for event in events],
        "origin_partition": [event.origin.partition for event in events],
        "origin_offset": [event.origin.offset for event in events],
        "event_id": [event.event_id for event in events],
        "source_id": [event.source_id for event in events],
        "created_at": [event.created_at for event in events],
    }
