"""Searches on real Kafka and Redis: from the topic, and by HTTP."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.consumer import EventReader
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import IdentifySettings, Settings
from ops.stack import Stack
from ops.stack.ports import free_ports
from processors.identify import Catalogue
from processors.midi import write_midi
from schemas.events import DeadLetter, now_us
from schemas.search import SearchQuery, SearchResult
from tests.processors.search.conftest import entry

PATIENCE_S = 90.0

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def service(stack: Stack, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A search worker and a gateway on a catalogue of their own."""
    folder: Path = tmp_path_factory.mktemp("works")
    Catalogue.build(folder, [entry(number) for number in range(24)])
    (port,) = free_ports(1)
    embedded = settings.embedded.model_copy(update={"gateway_port": port})
    own = settings.model_copy(update={"identify": IdentifySettings(catalogue=folder), "embedded": embedded})
    with Stack(own, ["search", "gateway"]):
        yield own


@pytest.fixture
def client(service: Settings) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.gateway_url, timeout=PATIENCE_S, trust_env=False) as client:
        yield client


def asked(settings: Settings, *queries: SearchQuery) -> dict[str, SearchResult]:
    """The results of queries by their ids."""
    codec, results = EventCodec(settings), dict[str, SearchResult]()
    wanted = {query.query_id for query in queries}
    with EventReader(settings, codec, ["results"], "latest") as reader, EventProducer(settings, codec) as out:
        for query in queries:
            out.send("queries", query)
        out.flush()
        deadline = time.monotonic() + PATIENCE_S
        while wanted - results.keys():
            assert time.monotonic() < deadline, f"{len(results)} of {len(wanted)} queries are answered."
            received = reader.poll()
            if received and isinstance(received.event, SearchResult) and received.event.query_id in wanted:
                results[received.event.query_id] = received.event
    return results


def query(mode: Any, **values: Any) -> SearchQuery:
    return SearchQuery(source_id="tests-search", query_id=str(uuid.uuid4()), mode=mode, **values)


def test_every_query_has_a_result(service: Settings) -> None:
    good = query("text", query="a piece for solo guitar", top_k=3)
    played = query("audio", kind="midi", data=write_midi(entry(10).notes))
    bad = {
        "no_query": query("text", query=" "),
        "query_too_long": query("text", query="x" * 100_000),
        "bad_alpha": query("hybrid", query="x", alpha=7.0, kind="midi", data=write_midi(entry(1).notes)),
        "bad_top_k": query("text", query="x", top_k=10**9),
        "no_such_work": query("similar", work_id="../w1"),
        "no_audio": query("audio"),
        "bad_audio": query("audio", kind="audio", data=b"this is no sound"),
        "too_late": query("text", query="x", deadline=now_us() - 1),
    }
    results = asked(service, good, played, *bad.values())
    assert results[good.query_id].works[0].instruments == ("guitar",)
    assert results[played.query_id].works[0].work_id == "w10"
    for reason, one in bad.items():
        result = results[one.query_id]
        assert result.error is not None
        assert (result.status, result.error.type, result.works) == ("failed", reason, ())


def test_what_cannot_be_decoded_is_a_dead_letter_and_the_next_query_is_answered(service: Settings) -> None:
    from confluent_kafka import Producer

    codec = EventCodec(service)
    with EventReader(service, codec, ["dead-letters"], "latest") as letters:
        raw = Producer({"bootstrap.servers": service.bootstrap_servers})
        raw.produce("queries", b"no event", b"tests-search")
        raw.flush()
        good = query("text", query="organ music")
        assert asked(service, good)[good.query_id].status == "found"
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < deadline
            received = letters.poll()
            letter = received.event if received else None
            if isinstance(letter, DeadLetter) and letter.origin.topic == "queries":
                assert (letter.stage, letter.error_type) == ("search", "undecodable")
                return


def test_by_http(client: httpx.Client) -> None:
    by_text = client.post("/search/text", json={"query": "cello alone", "top_k": 2, "instruments": ["cello"]})
    assert by_text.status_code == 200, by_text.text
    assert [work["instruments"] for work in by_text.json()["works"]] == [["cello"]] * 2
    file = {"audio": ("played.mid", write_midi(entry(10).notes), "audio/midi")}
    assert client.post("/search/audio", files=file).json()["works"][0]["work_id"] == "w10"
    both = client.post("/search/hybrid", files=file, data={"query": "guitar", "alpha": "0.2", "top_k": "3"})
    assert both.json()["works"][0]["work_id"] == "w10"
    like = client.post("/search/similar", json={"work_id": "w3"})
    assert "w3" not in {work["work_id"] for work in like.json()["works"]}
    missing = client.post("/search/similar", json={"work_id": "nothing"})
    assert (missing.status_code, missing.json()["detail"]) == (422, "There is no work 'nothing'.")


def test_what_many_ask_at_once_is_searched_for_once(service: Settings, client: httpx.Client) -> None:
    client.post("/search/text", json={"query": "so that the gateway knows the state of the index"})
    text, began = f"a slow waltz {uuid.uuid4()}", datetime.now(UTC)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: client.post("/search/text", json={"query": text}).text, range(48)))
    with EventReader(service, EventCodec(service), ["queries"], began) as reader:
        asked_for = [received.event.query for received in reader.to_end() if isinstance(received.event, SearchQuery)]
    assert len(set(answers)) == 1
    assert asked_for.count(text) == 1
