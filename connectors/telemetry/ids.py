"""The ids of an event, as logs and traces name them."""

from __future__ import annotations

from schemas.events import Event, Origin

TRACE_ID = slice(3, 35)
"""Where the trace's id stands in a ``traceparent``."""


def ids_of(event: Event) -> dict[str, str]:
    """What an event is found by: its source, its own id, its clip, its trace, and the record that it came from."""
    ids = {"source_id": event.source_id, "event_id": event.event_id}
    clip_id, origin = getattr(event, "clip_id", None), getattr(event, "origin", None)
    if clip_id:
        ids["clip_id"] = clip_id
    if event.trace_context:
        ids["trace_id"] = event.trace_context[TRACE_ID]
    if isinstance(origin, Origin):
        ids["origin"] = str(origin)
    return ids
