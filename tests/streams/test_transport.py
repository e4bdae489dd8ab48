"""The remedy for Faust's lost records, held against stock Faust step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from aiokafka.structs import ConsumerRecord
from faust.types import TP, Message

from streams import transport as ours

PARTITION, OTHER = PARTITIONS = TP("in", 0), TP("in", 1)
COMMITTED = 10
END = 60
BLOCKED_AT = 30


def test_versions_are_those_that_the_remedy_was_written_for() -> None:
    found = {name: version(name) for name in ("faust-streaming", "aiokafka")}
    assert found == {"faust-streaming": "0.15.3", "aiokafka": "0.14.0"}, (
        "streams/transport.py overrides private methods of Faust and aiokafka. Read what has changed in "
        "transport/consumer.py, transport/drivers/aiokafka.py and tables/recovery.py, run tests/stack/test_chaos.py, "
        "then change the versions here and in pyproject.toml."
    )


class Broker:
    """Two partitions as the consumer thread sees them; stands in for it, so that steps can be ordered at will."""

    def __init__(self) -> None:
        self.position = dict.fromkeys(PARTITIONS, COMMITTED)
        self.committed = dict.fromkeys(PARTITIONS, COMMITTED)

    async def getmany(self, partitions: set[TP], timeout: float) -> dict[TP, list[ConsumerRecord]]:
        await asyncio.sleep(0.001)
        records = {
            partition: [record(partition, offset) for offset in range(self.position[partition], END)]
            for partition in PARTITIONS
            if partition in partitions
        }
        self.position |= dict.fromkeys(records, END)
        return records

    async def fetch(self, epoch: int, partitions: frozenset[TP]) -> dict[TP, list[ConsumerRecord]]:
        return await self.getmany(set(partitions), 1.0)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        self.position = dict(self.committed)
        return self.committed

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        self.committed |= offsets
        return True

    def assignment(self) -> set[TP]:
        return set(PARTITIONS)

    def highwater(self, _: TP) -> int:
        return END


def record(partition: TP, offset: int) -> ConsumerRecord:
    return ConsumerRecord(partition.topic, partition.partition, offset, 0, 0, b"k", b"v", None, 1, 1, ())


@dataclass
class Worker:
    """The parts of a worker between the thread and the handler; all but the broker are Faust's own or ours."""

    app: faust.App
    broker: Broker = field(default_factory=Broker)
    handled: list[tuple[TP, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blocked, self.unblock = asyncio.Event(), asyncio.Event()
        self.queue = self.app.FlowControlQueue(maxsize=1000, clear_on_resume=True)
        self.app.topics._acking_topics.add("in")
        self.consumer: Any = self.app.transport.create_consumer(
            callback=self.take, on_partitions_revoked=nothing, on_partitions_assigned=nothing
        )
        self.consumer._thread = self.broker
        self.app.consumer = self.consumer

    async def take(self, message: Message) -> None:
        """As the conductor does: into the stream's queue, which can be full for a while."""
        await self.app.flow_control.acquire()
        if (message.tp, message.offset) == (OTHER, BLOCKED_AT) and not self.blocked.is_set():
            self.blocked.set()
            await self.unblock.wait()
        message.incref(1)
        self.queue.put_nowait(message)

    async def handle(self) -> None:
        while True:
            message = await self.queue.get()
            self.consumer.track_message(message)
            await asyncio.sleep(0)
            self.handled.append((message.tp, message.offset))
            message.ack(self.consumer)

    @property
    def lost(self) -> set[tuple[TP, int]]:
        """Below what is committed, and never handled."""
        committed = self.broker.committed.items()
        return {(tp, offset) for tp, end in committed for offset in range(COMMITTED, end)} - set(self.handled)


async def nothing(*_: object, **__: object) -> None:
    """No callback of the app is of interest here."""


def make_worker(tmp_path: Path, is_stock: bool) -> Worker:
    app = faust.App("replay", broker="kafka://127.0.0.1:1", datadir=tmp_path / "faust", web_enabled=False)
    if not is_stock:
        ours.Transport.install(app)
    app.flow_control.resume()
    return Worker(app)


@pytest.mark.parametrize("is_stock", [True, False], ids=["stock", "ours"])
async def test_seek_while_records_are_read(tmp_path: Path, is_stock: bool) -> None:
    """Table recovery has the flow open; source partitions are resumed, and only then sought."""
    worker = make_worker(tmp_path, is_stock)
    consumer, app = worker.consumer, worker.app
    await consumer.on_partitions_assigned(set(PARTITIONS), 1)
    consumer.pause_partitions(PARTITIONS)
    app.flow_control.resume()
    consumer.resume_flow()  # recovery reads changelogs
    fetcher = SimpleNamespace(_stopped=asyncio.Event(), should_stop=False)
    tasks = [asyncio.create_task(consumer._drain_messages(fetcher))]
    consumer.resume_partitions(PARTITIONS)
    with suppress(TimeoutError):
        await asyncio.wait_for(worker.blocked.wait(), 0.2)
    await consumer.perform_seek()
    app.flow_control.resume()  # clears the queue
    consumer.resume_flow()
    worker.unblock.set()
    tasks.append(asyncio.create_task(worker.handle()))
    await asyncio.sleep(0.2)
    await consumer.force_commit()
    for task in tasks:
        task.cancel()
    if is_stock:
        assert worker.lost, "Stock Faust no longer loses records here: is the remedy still needed?"
    else:
        assert not worker.lost
        assert worker.broker.committed == dict.fromkeys(PARTITIONS, END)
        assert len(worker.handled) == 2 * (END - COMMITTED)


@pytest.mark.parametrize("is_stock", [True, False], ids=["stock", "ours"])
async def test_record_still_in_hand_is_not_committed(tmp_path: Path, is_stock: bool) -> None:
    """Several records are in flight, and the second is finished before the first."""
    worker = make_worker(tmp_path, is_stock)
    consumer = worker.consumer
    consumer._committed_offset[PARTITION] = COMMITTED
    messages = [await handed(worker, COMMITTED + number) for number in range(3)]
    for message in messages[1:]:
        message.ack(consumer)
    await consumer.force_commit()
    assert worker.broker.committed[PARTITION] == (COMMITTED + 3 if is_stock else COMMITTED)
    messages[0].ack(consumer)
    await consumer.force_commit()
    assert worker.broker.committed[PARTITION] == COMMITTED + 3


async def test_gap_in_the_log_is_passed_over(tmp_path: Path) -> None:
    """Compaction and transactions leave holes; only what was handed out has to be acknowledged."""
    worker = make_worker(tmp_path, False)
    for offset in (10, 15, 40):
        (await handed(worker, offset)).ack(worker.consumer)
    await worker.consumer.force_commit()
    assert worker.broker.committed[PARTITION] == 41


async def test_records_in_hand_are_committed_at_revocation(tmp_path: Path) -> None:
    """What is acknowledged during the last wait is still committed, and what is not stays uncommitted."""
    worker = make_worker(tmp_path, False)
    consumer = worker.consumer
    first, second = await handed(worker, 10), await handed(worker, 11)

    async def last_wait(_: set[TP]) -> None:
        first.ack(consumer)
        await consumer.force_commit()

    consumer._on_partitions_revoked = last_wait
    await consumer.on_partitions_revoked({PARTITION})
    assert worker.broker.committed[PARTITION] == 11
    assert not consumer.flow_active
    second.ack(consumer)
    await consumer.force_commit()
    assert worker.broker.committed[PARTITION] == 11


async def test_stale_fetch_is_put_back(tmp_path: Path) -> None:
    """A fetch that was asked for before a rebalance, and takes records after it, leaves them where they were."""
    worker = make_worker(tmp_path, False)
    consumer = worker.consumer
    thread: Any = ours.ConsumerThread(consumer)
    sought: list[tuple[TP, int]] = []

    async def fetched(partitions: frozenset[TP], timeout: float, max_records: int | None) -> dict[TP, list[Any]]:
        consumer.stop_flow()  # the rebalance
        return {PARTITION: [record(PARTITION, 20), record(PARTITION, 21)]}

    thread._consumer = SimpleNamespace(
        _closed=False,
        _max_poll_records=None,
        _fetcher=SimpleNamespace(
            _closed=False, fetched_records=fetched, _subscriptions=SimpleNamespace(fetch_context=nullcontext)
        ),
        seek=lambda partition, offset: sought.append((partition, offset)),
    )
    assert await thread._fetch(consumer.epoch, frozenset({PARTITION})) == {}
    assert sought == [(PARTITION, 20)]


async def handed(worker: Worker, offset: int) -> Message:
    """A record in the hands of the stream."""
    consumer = worker.consumer
    consumer.callback = worker.take
    if isinstance(consumer, ours.Consumer):
        await consumer._hand_over(consumer.epoch, {PARTITION: [record(PARTITION, offset)]})
    else:
        await worker.take(consumer._to_message(PARTITION, record(PARTITION, offset)))
    message: Message = worker.queue.get_nowait()
    consumer.track_message(message)
    return message
