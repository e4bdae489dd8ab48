"""Faust's Kafka transport, made to lose nothing when workers join, leave or die.

Stock Faust hands records to the streams before it has found their position, guesses that a jump in offsets is
a gap in the log, and commits past records that were never handled (``docs/delivery.md`` tells the whole story).
The classes here keep three rules instead:

1. Commit honestly: only up to the oldest record handed to the streams and not yet acknowledged.
2. Read late: source partitions stay closed until ``resume_flow``, which Faust calls after seeking.
3. Abandon stale batches: closing the flow starts a new epoch; what a fetch of an older epoch took is put back.

Private names of Faust and aiokafka are used, so ``pyproject.toml`` pins both; a test says so when they change.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, cast

from aiokafka.errors import ConsumerStoppedError
from faust import streams
from faust.transport.consumer import CONSUMER_PARTITIONS_REVOKED, RecordMap, ensure_TPset
from faust.transport.drivers import aiokafka as stock
from faust.types import TP, AppT, Message
from mode import Service, ServiceT

FETCH_TIMEOUT_S = 1.0
YIELD_EVERY_RECORDS = 50


class ConsumerThread(stock.AIOKafkaConsumerThread):
    """The thread that talks to the brokers: fetches for one epoch, and puts back what came too late."""

    async def fetch(self, epoch: int, partitions: frozenset[TP]) -> RecordMap:
        """Records of ``partitions``, or nothing when ``epoch`` is over by the time that they are there.

        ``partitions`` must not be empty, and is frozen because aiokafka reads an emptied set as "all".
        """
        records: RecordMap = await self.call_thread(self._fetch, epoch, partitions)
        return records

    async def _fetch(self, epoch: int, partitions: frozenset[TP]) -> RecordMap:
        consumer = self._ensure_consumer()
        delegate = cast(Consumer, self.consumer)
        if epoch != delegate.epoch:
            return {}
        records = await self._fetch_records(
            consumer, cast(set[TP], partitions), timeout=FETCH_TIMEOUT_S, max_records=consumer._max_poll_records
        )
        if epoch == delegate.epoch:
            return records
        # no await since the records were taken: nothing else can have moved the position
        for partition, batch in records.items():
            consumer.seek(partition, batch[0].offset)
        return {}


class Consumer(stock.Consumer):
    """The event loop's side: hands records to the streams and commits what they have acknowledged."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.epoch = 0
        self._held: set[TP] = set()
        self._handed: MutableMapping[TP, deque[int]] = defaultdict(deque)
        self._committable: dict[TP, int] = {}
        self._opened = asyncio.Event()
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def abandon(self, messages: Iterable[Message]) -> None:
        """Stop waiting for records that will not be acknowledged here; they are delivered again after the rebalance."""
        for message in messages:
            self._unacked_messages.discard(message)

    # Rule 1: commit honestly.

    async def _hand_over(self, epoch: int, records: RecordMap) -> None:
        for count, (partition, record) in enumerate(self.scheduler.iterate(records), start=1):
            if epoch != self.epoch:
                return
            if self.app.topics.acks_enabled_for(partition.topic):
                self._handed[partition].append(record.offset)
            await self.callback(self._to_message(partition, record))
            if count % YIELD_EVERY_RECORDS == 0:
                await asyncio.sleep(0)

    def _new_offset(self, tp: TP) -> int | None:
        # acknowledgements arrive in _acked_index (the compiled stream writes it directly); the list beside it is unused
        acked, handed = self._acked_index[tp], self._handed[tp]
        self._acked[tp].clear()
        committable = self._committable.get(tp, -1)
        while handed and (handed[0] in acked or handed[0] < committable):
            committable = max(committable, handed[0] + 1)
            acked.discard(handed.popleft())
        if committable < 0:
            return None
        self._committable[tp] = committable
        return committable

    @Service.transitions_to(CONSUMER_PARTITIONS_REVOKED)
    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Wait for the records in hand and commit, and only then forget the partitions."""
        self._close_flow()
        self._active_partitions.difference_update(revoked)
        self._paused_partitions.difference_update(revoked)
        await self._on_partitions_revoked(revoked)
        state: Mapping[TP, Any]
        for state in (
            self._handed,
            self._committable,
            self._acked,
            self._acked_index,
            self._read_offset,
            self._committed_offset,
        ):
            for partition in revoked:
                cast(dict[TP, Any], state).pop(partition, None)

    # Rule 2: read late.

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Close the flow, whatever state it was in, until Faust has sought the partitions' positions."""
        self._close_flow()
        await super().on_partitions_assigned(assigned, generation_id)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Open changelogs at once, source partitions at the next ``resume_flow``."""
        wanted = ensure_TPset(tps)
        changelogs = {tp for tp in wanted if self._is_changelog_tp(tp)}
        self._held |= wanted - changelogs
        super().resume_partitions(changelogs)

    def pause_partitions(self, tps: Iterable[TP]) -> None:
        """Close partitions, also those that wait to be opened."""
        paused = ensure_TPset(tps)
        self._held -= paused
        super().pause_partitions(paused)

    def resume_flow(self) -> None:
        """Open the flow and the source partitions that waited for it."""
        held, self._held = self._held, set()
        super().resume_partitions(held)
        super().resume_flow()
        self._opened.set()

    def _close_flow(self) -> None:
        # a worker that had no partitions is not told to by Faust
        self.stop_flow()
        self.app.flow_control.suspend()

    # Rule 3: abandon stale batches.

    def stop_flow(self) -> None:
        """Close the flow; fetches under way belong to the past."""
        self.epoch += 1
        self._held.clear()
        super().stop_flow()

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._pass_on()
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _pass_on(self) -> None:
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
            return
        epoch, partitions = self.epoch, frozenset(self._get_active_partitions())
        if not partitions:
            self._opened.clear()
            await self.wait(self._opened.wait(), timeout=FETCH_TIMEOUT_S)
            return
        records = await self._thread.fetch(epoch, partitions)
        if records and epoch == self.epoch:
            await self.wait_first(self._hand_over(epoch, records), self.suspend_flow.wait())

    def on_buffer_full(self, tp: TP) -> None:
        """Do nothing: a full stream makes ``_hand_over`` wait, which holds back the next fetch."""

    _thread: ConsumerThread


class Transport(stock.Transport):
    """The transport to set as ``app.transport`` right after the app is made."""

    Consumer = Consumer

    @classmethod
    def install(cls, app: AppT) -> None:
        """Make ``app`` use this transport; must come before anything else is done with the app.

        Raises:
            RuntimeError: Faust's compiled streams are missing. Its Python streams acknowledge records that they skip.
        """
        if getattr(streams, "_CStreamIterator", None) is None:
            raise RuntimeError("Faust's compiled streams are missing: reinstall faust-streaming from its binary wheel.")
        app.transport = cls(app.conf.broker_consumer, app)
