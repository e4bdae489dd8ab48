"""Events as lines for people."""

from __future__ import annotations

from schemas import events


def describe(event: events.Event) -> str:
    """What the event says, in a line."""
    match event:
        case events.Clip():
            size = event.blob.size if event.blob else len(event.data or b"")
            where = "in the blob store" if event.blob else "inline"
            return f"{event.kind} clip {event.name} from {event.start_s:g} s ({size} bytes {where})"
        case events.NoteEvent():
            return f"{event.time_s:9.3f} s  #{event.sequence} {event.type} {event.pitch} velocity {event.velocity}"
        case events.Work():
            return f"{event.composer}: {event.title}"
        case events.Match(status="failed") if event.error:
            return f"failed ({event.error.type}): {event.error.message}"
        case events.Match(status="matched") if event.candidates:
            best = event.candidates[0]
            place = f"{best.ref_start_s:.1f}-{best.ref_end_s:.1f} s"
            return f"{best.composer}: {best.title}, {place}, {best.confidence:.0%} ({event.latency_ms:.1f} ms)"
        case events.Match():
            return f"{event.status} ({event.notes_heard} notes, {event.latency_ms:.1f} ms)"
        case events.DeadLetter():
            return f"{event.stage} refused {event.origin.topic}: {event.error_type}: {event.message}"
        case _:
            return type(event).__name__
