"""What telling costs: metrics and spans for a record, beside the same steps with nobody told.

The calls are those of the loops (``streams/delivery.py``, ``connectors/sinks/base.py``), in the same order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from connectors.telemetry import Telemetry
from connectors.telemetry.stage import Stage
from connectors.tracing import new_traceparent
from schemas.events import Candidate, Match, Origin

CLIP_BATCHES = (1, 8)
SINK_BATCH = 5_000
REPEATS = 7
PAGES = 50
BEST = Candidate(
    work_id="w", title="T", composer="C", path="p", confidence=0.93, ref_start_s=0.0, ref_end_s=1.0, transposition=0,
    tempo_ratio=1.0, score=1.0, matched_notes=9,
)  # fmt: skip


def telemetry(rounds: int) -> dict[str, Any]:
    """Microseconds of processor time a record, the median of some repeats; the page in milliseconds.

    Args:
        rounds: batches in each repeat.
    """
    silent, traced = Telemetry.untold(), _traced()
    found: dict[str, Any] = {
        f"answers_in_batches_of_{size}_us": _measured(_answer(silent.stage("clips"), size), rounds, size)
        for size in CLIP_BATCHES
    }
    found["answers_traced_us"] = _measured(_answer(traced.stage("clips"), 1), max(10, rounds // 10), 1)
    found["sink_rows_us"] = _measured(_write(silent.stage("sink")), rounds, SINK_BATCH)
    found["page_ms"] = round(_measured(_read(silent), PAGES, 1) / 1000.0, 3)
    traced.tracer.close()
    return found


def _answer(stage: Stage, size: int) -> Callable[[], None]:
    trace = new_traceparent()
    origins = [Origin("clips", 0, number) for number in range(size)]
    matches = [
        Match(
            source_id="s", trace_context=trace, origin=origin, made_by="index-1", kind="clip", status="matched",
            candidates=(BEST,), latency_ms=8.0,
        )
        for origin in origins
    ]  # fmt: skip
    sent_s = [time.time()] * size

    def step() -> None:
        stage.count.taken(sent_s)
        stage.count.in_flight(size)
        pulse = stage.thread_pulse("compute_0")
        pulse.beat()
        stage.count.computed(0.002)
        stage.going_on()
        pulse.rest()
        parents: dict[Origin, str | None] = dict.fromkeys(origins, trace)
        began_ns = time.time_ns()
        for match in matches:
            span = stage.span(match, parents, began_ns)
            span.end()
            stage.sent("matches", match)
        stage.count.delivered(sent_s)
        stage.count.in_flight(0)

    return step


def _write(stage: Stage) -> Callable[[], None]:
    def step() -> None:
        ends_s = [time.time()] * 2
        stage.pulse.beat()
        stage.count.taken(ends_s, SINK_BATCH)
        stage.count.computed(0.05)
        stage.count.delivered(ends_s)
        stage.going_on()

    return step


def _read(silent: Telemetry) -> Callable[[], None]:
    from prometheus_client import generate_latest

    def step() -> None:
        generate_latest(silent.metrics.registry)

    return step


def _traced() -> Telemetry:
    """Spans are made and go nowhere: sending them is another thread's work."""
    from opentelemetry.sdk.trace import TracerProvider

    from connectors.telemetry import Health, Metrics
    from connectors.tracing import OtelTracer

    return Telemetry(Metrics("traced"), Health(60.0), OtelTracer(TracerProvider(shutdown_on_exit=False)))


def _measured(step: Callable[[], None], rounds: int, records: int) -> float:
    timings_s = []
    for _ in range(REPEATS):
        started = time.thread_time()
        for _ in range(rounds):
            step()
        timings_s.append(time.thread_time() - started)
    return round(median(timings_s) / rounds / records * 1e6, 3)
