"""Events as lines for people."""

from __future__ import annotations

from schemas import bulk, events, rhythm, sound


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
        case bulk.BulkJob():
            return f"{event.status}: {event.files} files of {event.folder} for {', '.join(event.wants)}"
        case bulk.BulkTask():
            return f"{event.kind} file {event.name} for {', '.join(event.wants)}"
        case bulk.Embedding():
            told = f"{len(event.vector)} components by {event.model}"
            return f"{event.name}: {told if event.error is None else event.error.message}"
        case bulk.BulkResult():
            wants = ", ".join(
                f"{answer.want}{': ' + answer.error.type if answer.error else ''}" for answer in event.answers
            )
            return f"{event.status} {event.name} ({wants}; {event.compute_ms:.0f} ms)"
        case rhythm.Frames() | rhythm.Activations():
            last = event.first_frame + len(event.times_s) - 1
            return f"frames {event.first_frame}-{last}" + (f" at {event.times_s[-1]:.3f} s" if event.times_s else "")
        case rhythm.Beat():
            place = f"{event.position} of {event.beats_per_bar}"
            return f"{event.time_s:9.3f} s  beat {event.number}, {place}, {event.tempo_bpm:.0f} bpm, by {event.basis}"
        case rhythm.Section():
            end = "..." if event.end_s is None else f"{event.end_s:.1f} s"
            return f"{event.label} {event.start_s:.1f}-{end} ({event.confidence:.0%}, by {event.basis})"
        case rhythm.Trigger():
            late_ms = (event.created_at - event.due_at) / 1000
            return f"{event.trigger}: {event.error_type} on beat {event.beat}, {event.section} ({late_ms:+.1f} ms)"
        case rhythm.ErrorEvent():
            return f"{event.severity} {event.code} [{event.part}/{event.parts}]: {event.message}"
        case sound.Spectra() | sound.Instrumentation() if event.error:
            return f"{event.name} failed ({event.error.type}): {event.error.message}"
        case sound.Spectra():
            return f"{event.name}: {event.duration_s:.1f} s in {len(event.starts)} windows ({event.prepare_ms:.0f} ms)"
        case sound.Instrumentation():
            likely = [f"{one.label} {one.probability:.0%}" for one in event.instruments if one.probability >= 0.5]
            return f"{event.name}: {', '.join(likely) or 'no instrument is sure'} ({event.latency_ms:.0f} ms)"
        case _:
            return type(event).__name__
