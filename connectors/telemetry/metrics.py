"""The metrics of a worker, on a registry of its own; ``docs/operations.md`` lists them.

What is asked for on the way of every record is looked up once, when a stage begins.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sized
from importlib.metadata import version

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
)

from schemas.events import DeadLetter, Event, Match
from schemas.rhythm import Trigger

LATENCY_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
COMPUTE_S = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
CONFIDENCE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


class Metrics:
    """What Prometheus reads of one worker.

    Args:
        worker: its kind, such as ``clips``.
    """

    def __init__(self, worker: str) -> None:
        self.registry = registry = CollectorRegistry()
        for collector in (PLATFORM_COLLECTOR, GC_COLLECTOR):
            registry.register(collector)
        ProcessCollector(registry=registry)
        info = Gauge("continuo_worker_info", "A worker and its version.", ["worker", "version"], registry=registry)
        info.labels(worker, version("continuo")).set(1)
        self.records = Counter("continuo_records", "Input records taken.", ["stage"], registry=registry)
        self.results = Counter("continuo_results", "Events sent, confirmed.", ["stage", "topic"], registry=registry)
        self.answers = Counter(
            "continuo_answers", "Answers on matches.", ["stage", "kind", "status"], registry=registry
        )
        self.dead_letters = Counter(
            "continuo_dead_letters", "Records refused.", ["stage", "error_type"], registry=registry
        )
        self.retries = Counter(
            "continuo_retries", "Attempts that will be repeated, something being away.", ["stage", "reason"],
            registry=registry,
        )  # fmt: skip
        self.arrival = Histogram(
            "continuo_arrival_seconds", "From a record's sending until a worker takes it.", ["stage"],
            buckets=LATENCY_S, registry=registry,
        )  # fmt: skip
        self.delivery = Histogram(
            "continuo_delivery_seconds", "From a record's sending until all that follows from it is confirmed.",
            ["stage"], buckets=LATENCY_S, registry=registry,
        )  # fmt: skip
        self.compute = Histogram(
            "continuo_compute_seconds", "Computing or writing one batch.", ["stage"], buckets=COMPUTE_S,
            registry=registry,
        )  # fmt: skip
        self.in_flight = Gauge(
            "continuo_in_flight_records", "Records taken whose results are not confirmed.", ["stage"], registry=registry
        )
        self.answer_latency = Histogram(
            "continuo_answer_latency_seconds", "From a clip's or note's making until its answer's.", ["kind"],
            buckets=LATENCY_S, registry=registry,
        )  # fmt: skip
        self.confidence = Histogram(
            "continuo_match_confidence", "Confidence in the first candidate.", ["kind", "status"], buckets=CONFIDENCE,
            registry=registry,
        )  # fmt: skip
        self.off_beat = Histogram(
            "continuo_trigger_off_beat_seconds", "How far from its beat a trigger was issued.", ["basis"],
            buckets=LATENCY_S, registry=registry,
        )  # fmt: skip
        self.lag = Gauge(
            "continuo_group_lag_records", "Records that a consumer group has not dealt with yet.",
            ["group", "topic", "partition"], registry=registry,
        )  # fmt: skip
        self.ready = Gauge("continuo_ready", "Whether the worker is ready: 1 or 0.", registry=registry)
        self.made_by = Gauge(
            "continuo_made_by_info", "What makes the results: a model or an index, with its version.",
            ["stage", "made_by"], registry=registry,
        )  # fmt: skip
        self.works = Gauge("continuo_catalogue_works", "Works in the catalogue that is open.", registry=registry)
        self.cache = Counter(
            "continuo_cache_requests", "Questions to a cache.", ["cache", "outcome"], registry=registry
        )
        self.cached = Gauge("continuo_cache_entries", "What a cache holds.", ["cache"], registry=registry)
        self.sources = Gauge("continuo_sources", "Sources whose state is in memory.", ["stage"], registry=registry)
        self.frames = Counter("continuo_frames", "Frames that a beat network has read.", ["engine"], registry=registry)
        self.failovers = Counter(
            "continuo_engine_failovers", "How often the CPU took over from a board.", registry=registry
        )
        self.http_requests = Counter(
            "continuo_http_requests", "HTTP requests answered.", ["method", "route", "status"], registry=registry
        )
        self.http_seconds = Histogram(
            "continuo_http_request_seconds", "From a request to the end of its answer.", ["route"], buckets=LATENCY_S,
            registry=registry,
        )  # fmt: skip
        self.worker = worker
        self.stages: set[str] = set()

    def stage(self, name: str) -> StageMetrics:
        """What one stage, such as an agent or a sink, counts."""
        self.stages.add(name)
        return StageMetrics(self, name)

    def cache_count(self, name: str) -> CacheCount:
        """What one cache counts."""
        return CacheCount(self, name)

    def cached_by(self, name: str, entries: Sized) -> None:
        """What one cache holds; it is counted when somebody asks."""
        self.cached.labels(name).set_function(lambda: len(entries))


class CacheCount:
    """Counts the questions to one cache."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._hits = metrics.cache.labels(name, "hit")
        self._misses = metrics.cache.labels(name, "miss")

    def asked(self, *, hit: bool) -> None:
        """Somebody asked, and it was there or not."""
        (self._hits if hit else self._misses).inc()


class StageMetrics:
    """Counts for one stage; may be called from several threads."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._metrics = metrics
        self._name = name
        self._records = metrics.records.labels(name)
        self._arrival = metrics.arrival.labels(name)
        self._delivery = metrics.delivery.labels(name)
        self._compute = metrics.compute.labels(name)
        self._in_flight = metrics.in_flight.labels(name)
        self._results: dict[str, Counter] = {}
        self._answers: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        self._latencies: dict[str, Histogram] = {}
        self._off_beat: dict[str, Histogram] = {}
        self._made_by = ""

    def remembers(self, sources: Sized) -> None:
        """These are the sources that it remembers; they are counted when somebody asks."""
        self._metrics.sources.labels(self._name).set_function(lambda: len(sources))

    def taken(self, sent_s: Iterable[float], count: int | None = None) -> None:
        """Records were taken.

        Args:
            sent_s: when they were sent, seconds since the epoch; a sample of them will do.
            count: how many they were; by default as many as there are times.
        """
        now, measured = time.time(), 0
        for moment_s in sent_s:
            self._arrival.observe(max(0.0, now - moment_s))
            measured += 1
        self._records.inc(measured if count is None else count)

    def computed(self, seconds: float) -> None:
        """A batch was computed or written."""
        self._compute.observe(seconds)

    def delivered(self, sent_s: Iterable[float]) -> None:
        """All that follows from records is confirmed; their times as for ``taken``."""
        now = time.time()
        for moment_s in sent_s:
            self._delivery.observe(max(0.0, now - moment_s))

    def in_flight(self, count: int) -> None:
        """How many records are taken and not yet done with."""
        self._in_flight.set(count)

    def waiting(self, reason: BaseException | None) -> None:
        """Something is away; the same is tried again."""
        self._metrics.retries.labels(self._name, type(reason).__name__).inc()

    def sent(self, topic: str, event: Event) -> None:
        """An event was confirmed by the brokers."""
        counter = self._results.get(topic)
        if counter is None:
            counter = self._results[topic] = self._metrics.results.labels(self._name, topic)
        counter.inc()
        match event:
            case Match():
                self._answered(event)
            case DeadLetter():
                self._metrics.dead_letters.labels(event.stage, event.error_type).inc()
            case Trigger():
                self._issued(event)
        made_by = getattr(event, "made_by", "")
        if made_by and made_by != self._made_by:
            self.makes_with(made_by)

    def makes_with(self, made_by: str) -> None:
        """From now on results are made by this model or index."""
        if self._made_by:
            self._metrics.made_by.remove(self._name, self._made_by)
        self._made_by = made_by
        self._metrics.made_by.labels(self._name, made_by).set(1)

    def _answered(self, answer: Match) -> None:
        kind = (answer.kind, answer.status)
        known = self._answers.get(kind)
        if known is None:
            known = self._answers[kind] = (
                self._metrics.answers.labels(self._name, *kind),
                self._metrics.confidence.labels(*kind),
            )
            self._latencies[answer.kind] = self._metrics.answer_latency.labels(answer.kind)
        counter, confidence = known
        counter.inc()
        self._latencies[answer.kind].observe(answer.latency_ms / 1000.0)
        if answer.candidates:
            confidence.observe(answer.candidates[0].confidence)

    def _issued(self, trigger: Trigger) -> None:
        histogram = self._off_beat.get(trigger.basis)
        if histogram is None:
            histogram = self._off_beat[trigger.basis] = self._metrics.off_beat.labels(trigger.basis)
        histogram.observe(abs(trigger.created_at - trigger.due_at) / 1e6)
