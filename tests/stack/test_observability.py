"""Metrics, alerts, dashboards, traces and readiness of real workers, read by a real Prometheus."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import yaml

from connectors.blob_store import BlobStore
from connectors.producer import EventProducer
from connectors.publisher import ClipPublisher
from connectors.registry import EventCodec
from connectors.settings import ObserveSettings, Settings, TracingSettings
from connectors.tracing import new_traceparent
from ops.stack import Stack
from ops.stack.workers import Worker
from processors.identify import Catalogue
from schemas.events import Clip, NoteEvent, now_us

from . import prometheus
from .music import make_piece
from .prometheus import ALERTS, Prometheus, program
from .replies import replies_from_now
from .spans import Collector, Span, collecting
from .waiting import eventually

KINDS = ("clips", "live", "rhythm", "redis-sink", "clickhouse-sink", "gateway")
PIECE = make_piece(777)
DASHBOARD = json.loads((ALERTS.parents[1] / "grafana/dashboards/operations.json").read_text("utf-8"))
RULES = [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]
OPERATIONS = ALERTS.parents[2] / "docs" / "operations.md"
METRIC = re.compile(r"\b(?:continuo|process)_[a-z0-9_]+\b|\bup\b")
PART_OF_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(stack: Stack, settings: Settings, collector: Collector) -> Settings:
    """The stack's settings, with traces and a quick eye on the lag."""
    Catalogue.update(settings.catalogue_dir, [PIECE.entry()])
    changes = {"tracing": TracingSettings(endpoint=collector.url, interval_s=0.2)}
    return settings.model_copy(update={**changes, "observe": ObserveSettings(lag_interval_s=0.5)})


@pytest.fixture(scope="module")
def workers(traced: Settings) -> Iterator[dict[str, Worker]]:
    """Workers of the shared stack's servers, by kind."""
    with Stack(traced, KINDS) as stack:
        yield {part.name: part for part in stack.parts if isinstance(part, Worker)}


@pytest.fixture(scope="module")
def codec(traced: Settings) -> EventCodec:
    return EventCodec(traced)


@pytest.fixture(scope="module")
def clip(traced: Settings, codec: EventCodec, workers: dict[str, Worker]) -> Clip:
    """A clip that was answered, after bytes that are no clip."""
    source = f"observed-{uuid.uuid4()}"
    with replies_from_now(traced, codec) as replies, EventProducer(traced, codec) as producer:
        producer._producer.produce("clips", b"no event", source.encode())
        with ClipPublisher(traced, codec, BlobStore(traced)) as publisher:
            clip = publisher.publish(PIECE.clip(5.0), source, kind="midi")
        assert replies.of_clip(clip.clip_id).status == "matched"
        replies.dead_letter(lambda letter: letter.source_id == source, "bytes that are no clip")
    return clip


@pytest.fixture(scope="module")
def watch(workers: dict[str, Worker], clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus, once it has read every worker."""
    targets = {name: worker.observed_at for name, worker in workers.items()}
    with prometheus.running(tmp_path_factory.mktemp("prometheus"), {n: at for n, at in targets.items() if at}) as watch:
        expected = {(kind, "1") for kind in KINDS}
        found = eventually(lambda: kinds_up(watch), lambda kinds: kinds == expected)
        assert found == expected
        yield watch


def kinds_up(watch: Prometheus) -> set[tuple[str, str]]:
    found = watch.query("up * on (instance) group_left (worker) continuo_worker_info")
    return {(sample["metric"]["worker"], sample["value"][1]) for sample in found}


def value(watch: Prometheus, expression: str) -> float:
    """The one value of an expression; 0 where there is none yet."""
    found = watch.query(expression)
    return float(found[0]["value"][1]) if found else 0.0


def test_workers_are_ready_and_alive(workers: dict[str, Worker]) -> None:
    with httpx.Client(verify=False, trust_env=False) as client:
        for name, worker in workers.items():
            address = f"http://{worker.observed_at}"
            answer = eventually(lambda at=address: client.get(f"{at}/ready"), lambda found: found.status_code == 200)
            assert answer.json() == {"ok": True, "problems": {}, "waiting": []}, name
            assert client.get(f"{address}/live").status_code == 200


def test_what_happened_to_a_clip_is_counted(watch: Prometheus) -> None:
    assert eventually(lambda: value(watch, 'continuo_answers_total{kind="clip",status="matched"}'), lambda n: n >= 1)
    assert value(watch, 'continuo_dead_letters_total{stage="clips",error_type="undecodable"}') >= 1
    assert value(watch, 'continuo_delivery_seconds_count{stage="clips"}') >= 2
    assert value(watch, 'continuo_compute_seconds_count{stage="clips"}') >= 1
    assert value(watch, 'continuo_match_confidence_bucket{status="matched",le="+Inf"}') >= 1
    assert value(watch, 'continuo_records_total{stage="redis-sink"}') >= 1
    (made,) = {sample["metric"]["made_by"] for sample in watch.query('continuo_made_by_info{stage="clips"}')}
    assert made
    assert eventually(lambda: watch.query('continuo_group_lag_records{group="continuo-clips"}'), bool)
    settled = eventually(
        lambda: watch.query('sum(continuo_group_lag_records{group="continuo-clips"})'),
        lambda found: bool(found) and found[0]["value"][1] == "0",
    )
    assert settled[0]["value"][1] == "0"


def names_in(expression: str) -> set[str]:
    without_labels = re.sub(r"\{[^}]*\}|(?:by|on|without|group_left) \([^)]*\)", "", expression)
    return set(METRIC.findall(without_labels))


def test_every_metric_of_dashboards_and_alerts_exists(watch: Prometheus) -> None:
    expressions = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    expressions += [rule["expr"] for rule in RULES]
    asked = {name for expression in expressions for name in names_in(expression)}
    # the page says counters' names without their ending
    declared = watch.families()
    told = declared | {f"{name}_total" for name in declared}
    assert len(asked) > 20
    assert {name for name in asked if name not in told and PART_OF_HISTOGRAM.sub("", name) not in told} == set()


def test_every_question_of_the_operations_dashboard_is_answered(watch: Prometheus) -> None:
    def empty() -> set[str]:
        return {
            panel["title"]
            for panel in DASHBOARD["panels"]
            for target in panel["targets"]
            if not watch.query(target["expr"].replace("$__rate_interval", "1m"))
        }

    # nothing plays on beats here, nobody asks the gateway, all is there, and no catalogue worker runs
    quiet = {"Triggers beside their beats", "Requests", "Time of requests", "Attempts repeated", "Cache hits"}
    quiet |= {"Works in the catalogue"}
    assert eventually(empty, lambda titles: titles <= quiet) <= quiet  # a rate needs two readings


def test_alerts_are_evaluated_and_a_worker_that_is_gone_is_told(watch: Prometheus, workers: dict[str, Worker]) -> None:
    rules = [rule for group in watch.get("rules")["groups"] for rule in group["rules"]]
    evaluated = eventually(
        lambda: [r["health"] for g in watch.get("rules")["groups"] for r in g["rules"]], lambda h: set(h) == {"ok"}
    )
    assert set(evaluated) == {"ok"}
    assert {rule["name"] for rule in rules} == {rule["alert"] for rule in RULES}
    workers["gateway"].stop()

    def state() -> set[str]:
        alerts = watch.get("alerts")["alerts"]
        return {alert["state"] for alert in alerts if alert["labels"]["alertname"] == "ContinuoWorkerDown"}

    assert eventually(state, bool) <= {"pending", "firing"}


def test_alerts_do_as_they_say() -> None:
    cases = Path(__file__).with_name("alerts.test.yml")
    checked = subprocess.run([program("promtool"), "check", "rules", ALERTS], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    tried = subprocess.run([program("promtool"), "test", "rules", cases], capture_output=True, text=True)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    config = ALERTS.with_name("prometheus.yml")
    checked = subprocess.run([program("promtool"), "check", "config", config], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_for_every_alert_it_is_written_what_to_do() -> None:
    headings = set(re.findall(r"^### (\w+)$", OPERATIONS.read_text("utf-8"), re.MULTILINE))
    assert {rule["alert"] for rule in RULES} == headings


def chain(spans: list[Span], last: str) -> list[str]:
    """The steps that led to the first span called ``last``, the first one first."""
    by_id = {span.span_id: span for span in spans}
    names, at = [], next((span for span in spans if span.name == last), None)
    while at is not None:
        names.append(at.name)
        at = by_id.get(at.parent_id)
    return names[::-1]


def test_a_clip_is_followed_from_its_producer_to_the_stores(clip: Clip, collector: Collector) -> None:
    trace_id = (clip.trace_context or "").split("-")[1]
    wanted = {"publish", "clips", "redis-sink", "clickhouse-sink"}
    spans = eventually(lambda: collector.of(trace_id), lambda found: {span.name for span in found} >= wanted)
    assert {span.name for span in spans} == wanted
    assert chain(spans, "redis-sink") == ["publish", "clips", "redis-sink"]
    assert chain(spans, "clickhouse-sink") == ["publish", "clips", "clickhouse-sink"]
    assert {span.service for span in spans} == {f"continuo-{name}" for name in wanted - {"publish"}} | {
        "continuo-publisher"
    }
    answered = next(span for span in spans if span.name == "clips")
    assert answered.attributes["continuo.clip_id"] == clip.clip_id
    assert answered.start_ns < answered.end_ns


def test_live_notes_are_followed_through_every_agent(
    traced: Settings, codec: EventCodec, workers: dict[str, Worker], collector: Collector
) -> None:
    trace = new_traceparent()
    source = f"observed-{uuid.uuid4()}"
    begin = now_us()
    notes: list[NoteEvent] = [
        replace(note, trace_context=trace, time_s=number * 0.5, created_at=begin + number * 500_000)
        for number, note in enumerate(PIECE.played(source, 0.0, 8.0))
    ]
    with EventProducer(traced, codec) as producer:
        for note in notes:
            producer.send("notes", note)
    wanted = {"live", "frames", "beat-network", "beats", "redis-sink"}
    trace_id = trace.split("-")[1]
    spans = eventually(lambda: collector.of(trace_id), lambda found: {span.name for span in found} >= wanted)
    assert {span.name for span in spans} >= wanted
    assert chain(spans, "beats") in (["frames", "beat-network", "beats"], ["live", "beats"])
    assert chain(spans, "beat-network") == ["frames", "beat-network"]
