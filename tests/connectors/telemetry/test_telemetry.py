"""What a worker tells of itself, as Prometheus and whoever runs the worker ask for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.testclient import TestClient

from connectors.http.measured import MeasuredMiddleware
from connectors.settings import ObserveSettings, Settings
from connectors.telemetry import Health, Metrics, Telemetry
from connectors.telemetry.door import Door, ObserveError
from connectors.tracing import NO_TRACES, new_traceparent, traceparent_in
from ops.group_watch import watched
from schemas.events import Candidate, DeadLetter, Failure, Match, Origin, now_us
from schemas.rhythm import Trigger

ORIGIN = Origin("clips", 0, 7)
BEST = Candidate(
    work_id="w", title="T", composer="C", path="p", confidence=0.93, ref_start_s=0.0, ref_end_s=1.0,
    transposition=0, tempo_ratio=1.0, score=1.0, matched_notes=9,
)  # fmt: skip
MATCH = Match(
    source_id="s", origin=ORIGIN, made_by="index-1", kind="clip", status="matched", candidates=(BEST,), latency_ms=12.0
)


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(Metrics("clips"), Health(60.0), NO_TRACES)


@pytest.fixture
def client(telemetry: Telemetry) -> Iterator[httpx.Client]:
    with Door(telemetry, ObserveSettings()) as door:
        address = door.url.removesuffix("/metrics")
        with httpx.Client(base_url=address, verify=False, trust_env=False) as client:
            yield client


def values(registry: CollectorRegistry | str, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a metric by the values of their labels, in the order of the labels' names."""
    text = registry if isinstance(registry, str) else ""
    found = text_string_to_metric_families(text) if text else registry.collect()  # type: ignore[union-attr]
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in found
        for sample in family.samples
        if sample.name == name
    }


def test_the_page_counts_what_a_stage_did(telemetry: Telemetry, client: httpx.Client) -> None:
    count = telemetry.stage("clips").count
    count.taken([time.time() - 0.004, time.time() - 0.2])
    for event in (MATCH, replace(MATCH, status="unknown"), replace(MATCH, status="failed", error=Failure("x", "y"))):
        count.sent("matches", event)
    count.sent("matches", replace(MATCH, made_by="index-2"))
    letter = DeadLetter(source_id="s", origin=ORIGIN, stage="clips", error_type="undecodable", message="no")
    count.sent("dead-letters", letter)
    page = client.get("/metrics").text
    assert values(page, "continuo_records_total") == {("clips",): 2.0}
    assert values(page, "continuo_answers_total") == {
        ("clip", "clips", "matched"): 2.0,
        ("clip", "clips", "unknown"): 1.0,
        ("clip", "clips", "failed"): 1.0,
    }
    assert values(page, "continuo_dead_letters_total") == {("undecodable", "clips"): 1.0}
    assert values(page, "continuo_match_confidence_bucket")["clip", "0.9", "matched"] == 0.0
    assert values(page, "continuo_match_confidence_bucket")["clip", "0.95", "matched"] == 2.0
    assert values(page, "continuo_arrival_seconds_bucket")["0.1", "clips"] == 1.0
    assert values(page, "continuo_made_by_info") == {("index-2", "clips"): 1.0}  # the newest only
    assert values(page, "process_resident_memory_bytes")[()] > 0


def test_triggers_are_measured_beside_their_beats(telemetry: Telemetry, client: httpx.Client) -> None:
    now = now_us()
    trigger = Trigger(
        source_id="s", origin=ORIGIN, session_id="x", key="k", trigger="phrase", error_type="basic", beat=16,
        section="verse", tempo=120.0, time_s=8.0, due_at=now - 15_000, created_at=now, basis="predicted", made_by="r",
    )  # fmt: skip
    telemetry.stage("triggers").count.sent("triggers", trigger)
    page = client.get("/metrics").text
    assert values(page, "continuo_trigger_off_beat_seconds_sum") == {("predicted",): 0.015}


def test_what_is_in_memory_is_counted_when_somebody_asks(telemetry: Telemetry, client: httpx.Client) -> None:
    sources: dict[str, int] = {}
    telemetry.stage("beats").count.remembers(sources)
    telemetry.metrics.cached_by("known works", [1, 2, 3])
    sources |= {"left": 1, "right": 2}
    page = client.get("/metrics").text
    assert values(page, "continuo_sources") == {("beats",): 2.0}
    assert values(page, "continuo_cache_entries") == {("known works",): 3.0}


def test_ready_is_who_lacks_nothing(telemetry: Telemetry, client: httpx.Client) -> None:
    stage = telemetry.stage("clips")
    answer = client.get("/ready")
    assert answer.status_code == 503
    told = answer.json()
    assert told["problems"] == {"clips partitions": "It has not been given its partitions yet."}
    assert told["waiting"] == []
    assert values(client.get("/metrics").text, "continuo_ready") == {(): 0.0}
    stage.assigned()
    assert client.get("/ready").status_code == 200
    stage.waiting(RuntimeError("The registry is away."))
    told = client.get("/ready").json()
    assert told["problems"] == {"clips waits": "The registry is away."}
    assert told["waiting"] == ["clips waits"]
    page = client.get("/metrics").text
    assert values(page, "continuo_retries_total") == {("RuntimeError", "clips"): 1.0}
    stage.going_on()
    assert client.get("/ready").status_code == 200
    assert values(client.get("/metrics").text, "continuo_ready") == {(): 1.0}


def test_what_is_lacking_is_told_without_secrets() -> None:
    settings = Settings()
    redis = settings.redis.model_copy(update={"url": SecretStr("redis://:swordfish@cache:6379/0")})
    told = Telemetry.of(settings.model_copy(update={"redis": redis}), "redis-sink")
    told.stage("redis-sink").waiting(RuntimeError("redis://:swordfish@cache:6379/0 does not answer."))
    assert "swordfish" not in str(told.health.problems())
    assert "does not answer" in str(told.health.problems())


def test_a_loop_that_gives_no_sign_is_stuck_and_one_that_rests_is_not(
    telemetry: Telemetry, client: httpx.Client
) -> None:
    loop, thread = telemetry.health.pulse("event loop"), telemetry.health.pulse("compute")
    loop.beat()
    thread.beat()
    thread.rest()
    assert client.get("/live").status_code == 200
    assert loop.beaten_at is not None
    loop.beaten_at -= 61.0
    answer = client.get("/live")
    assert answer.status_code == 503
    assert list(answer.json()["problems"]) == ["event loop"]
    loop.beat()
    assert client.get("/live").status_code == 200


def test_there_is_nothing_else_behind_the_door(client: httpx.Client) -> None:
    assert client.get("/").status_code == 404
    assert client.post("/metrics").status_code == 501


def test_a_port_that_is_taken_is_told_in_a_sentence(telemetry: Telemetry, client: httpx.Client) -> None:
    taken = ObserveSettings(port=client.base_url.port or 0)
    with pytest.raises(ObserveError, match=r"observe\.port"):
        Door(telemetry, taken)


def test_brokers_that_do_not_answer_make_a_worker_unready(telemetry: Telemetry) -> None:
    settings = Settings()
    away = settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"}),
            "observe": ObserveSettings(lag_interval_s=0.5),
        }
    )
    telemetry.stage("clips").assigned()
    with watched(away, telemetry):
        deadline = time.monotonic() + 30.0
        while not telemetry.health.problems() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert "127.0.0.1:1" in telemetry.health.problems()["brokers"]


def test_requests_are_counted_by_route_whatever_is_asked_for() -> None:
    metrics = Metrics("gateway")
    app = FastAPI()
    app.add_middleware(MeasuredMiddleware, metrics=metrics)

    @app.get("/things/{number}")
    def thing(number: int) -> int:
        return 1 // number

    client = TestClient(app, raise_server_exceptions=False)
    for path in ("/things/1", "/things/2", "/things/0", "/things/x", "/nowhere", "/elsewhere"):
        client.get(path)
    client.request("BREW", "/things/1")
    assert values(metrics.registry, "continuo_http_requests_total") == {
        ("GET", "/things/{number}", "200"): 2.0,
        ("GET", "/things/{number}", "500"): 1.0,
        ("GET", "/things/{number}", "422"): 1.0,
        ("GET", "other", "404"): 2.0,
        ("other", "/things/{number}", "405"): 1.0,
    }


def test_trace_contexts_are_found_among_headers() -> None:
    parent = new_traceparent()
    assert traceparent_in([("other", b"x"), ("traceparent", parent.encode())]) == parent
    assert traceparent_in({"traceparent": parent.encode()}) == parent
    assert traceparent_in(None) is None
    assert traceparent_in([("traceparent", None)]) is None
