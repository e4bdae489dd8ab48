"""The loop that joins a topic, a pure handler and topics, and loses nothing.

Records are taken in micro-batches: one record when little is going on, more as they pile up while a batch is computed.
A handler runs in a thread; the next batch is computed while the outputs of the one before are delivered. A record is
acknowledged when its outputs are on the brokers, and never before.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, cast

import faust
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.types import EventT
from tenacity import RetryCallState, Retrying

from connectors.telemetry import Telemetry
from connectors.tracing import Span
from schemas.events import Origin

from .groups import GROUP_PREFIX
from .later import LATER, retry_later
from .records import Handler, Output, Record
from .transport import Consumer

Batch = list[EventT[bytes]]


class Work(NamedTuple):
    """A micro-batch as it is computed, and when that began, nanoseconds since the epoch."""

    records: Sequence[Record]
    began_ns: int

    @property
    def sent_s(self) -> list[float]:
        return [record.timestamp_s for record in self.records]

    @property
    def parents(self) -> dict[Origin, str | None]:
        return {record.origin: record.traceparent for record in self.records}


class Sent(NamedTuple):
    """An output on its way to the brokers."""

    output: Output
    confirmed: Awaitable[object]
    span: Span


class DeliveryError(RuntimeError):
    """Results could not be delivered; the worker has to stop, and another takes its records over."""


class Delivery:
    """Runs one handler on one stream.

    Args:
        app: an app made by ``streams.app.make_app``.
        handler: turns micro-batches into outputs; never runs more than ``threads`` times at once.
        in_flight: the most records taken and not yet acknowledged.
        batch_max: the most records in a micro-batch.
        threads: one for handlers that keep state; batches are computed strictly in order then.
        telemetry: told of what happens.
    """

    def __init__(
        self,
        app: faust.App,
        handler: Handler,
        *,
        in_flight: int,
        batch_max: int,
        threads: int = 1,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._app = app
        self._stage = (telemetry or Telemetry.untold()).stage(app.conf.id.removeprefix(GROUP_PREFIX))
        self._in_hand = 0
        self._handler = handler
        self._batch_max = batch_max
        self._slots = asyncio.Semaphore(in_flight)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="compute")
        # one batch waits in the pool, so that no thread waits for the event loop
        self._submissions = asyncio.Semaphore(threads + 1)
        self._taken: deque[EventT[bytes]] = deque()
        self._arrived = asyncio.Event()
        self._computing: asyncio.Queue[tuple[Batch, Work, asyncio.Future[Sequence[Output] | None]]] = asyncio.Queue()
        self._abandoned_epoch = -1

    async def run(self, stream: faust.StreamT[bytes]) -> None:
        """Be the body of an agent: until the agent is stopped, or until the worker has to stop."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._compute())
                self._tasks.create_task(self._send())
                async for event in cast(faust.Stream[bytes], stream).noack().events():
                    await self._slots.acquire()
                    self._in_hand += 1
                    self._taken.append(event)
                    self._arrived.set()
        except* Exception as failures:
            await self._app.crash(failures.exceptions[0])
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def _compute(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            await self._submissions.acquire()
            batch = [self._taken.popleft() for _ in range(min(self._batch_max, len(self._taken)))]
            if not self._taken:
                self._arrived.clear()
            work = Work([Record.of_faust(event.message) for event in batch], time.time_ns())
            self._stage.count.taken(work.sent_s)
            self._stage.count.in_flight(self._in_hand)
            computing = loop.run_in_executor(self._pool, self._answer, work.records)
            computing.add_done_callback(lambda _: self._submissions.release())
            self._computing.put_nowait((batch, work, computing))

    def _answer(self, records: Sequence[Record]) -> Sequence[Output] | None:
        """In a thread: the handler's outputs; None if the records have to be given back, as what it needs is away."""
        if self._consumer.epoch == self._abandoned_epoch:
            return None
        pulse = self._stage.thread_pulse(threading.current_thread().name)
        pulse.beat()
        try:
            # waiting in the thread keeps the batches behind this one in their order
            outputs = Retrying(stop=self._must_give_up, **retry_later(self._stage))(self._compute_once, records)
            self._stage.going_on()
            return outputs
        except LATER:
            self._abandoned_epoch = self._consumer.epoch
            return None
        finally:
            pulse.rest()

    def _compute_once(self, records: Sequence[Record]) -> Sequence[Output]:
        self._stage.thread_pulse(threading.current_thread().name).beat()
        started = time.perf_counter()
        outputs = self._handler(records)
        self._stage.count.computed(time.perf_counter() - started)
        return outputs

    def _must_give_up(self, _: RetryCallState) -> bool:
        # a rebalance or a stop waits for the records in hand; these cannot be finished now
        return not self._consumer.flow_active

    async def _send(self) -> None:
        while True:
            batch, work, computing = await self._computing.get()
            outputs = await computing
            if outputs is None:
                self._consumer.abandon(event.message for event in batch)
                self._release(batch)
                continue
            parents = work.parents
            deliveries = []
            for output in outputs:
                span = self._stage.span(output.event, parents, work.began_ns)
                headers = output.headers_after(span.traceparent)
                try:
                    confirmed = await self._app.producer.send(
                        output.topic, output.key, output.value, None, None, headers
                    )
                except ProducerSendError as error:
                    raise DeliveryError(f"Kafka does not take the results: {error}") from error
                deliveries.append(Sent(output, confirmed, span))
            self._tasks.create_task(self._acknowledge(batch, work, deliveries))

    async def _acknowledge(self, batch: Batch, work: Work, deliveries: Sequence[Sent]) -> None:
        try:
            for sent in deliveries:
                await sent.confirmed
                sent.span.end()
                if sent.output.event is not None:
                    self._stage.sent(sent.output.topic, sent.output.event)
        except KafkaError as error:
            raise DeliveryError(f"Kafka did not confirm the results: {type(error).__name__}: {error}") from error
        for event in batch:
            event.ack()
        self._stage.count.delivered(work.sent_s)
        self._release(batch)

    def _release(self, batch: Batch) -> None:
        for _ in batch:
            self._slots.release()
        self._in_hand -= len(batch)
        self._stage.count.in_flight(self._in_hand)

    @property
    def _consumer(self) -> Consumer:
        return cast(Consumer, self._app.consumer)
