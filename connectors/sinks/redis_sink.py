"""The Redis sink: the latest answers and the works, for programs that ask or follow."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib import resources

import orjson
import redis
from redis.client import Pipeline
from redis.exceptions import NoScriptError, RedisError, ResponseError

from connectors.batches import BatchReader, Records
from connectors.consumer import Received
from connectors.settings import Settings
from connectors.telemetry import Telemetry
from schemas import topics
from schemas.events import Match, Work
from schemas.sound import Instrumentation

from . import redis_keys as keys
from .base import DestinationUnavailableError, RefusedError, Sink

SCRIPT = resources.files(__package__).joinpath("answers.lua").read_text("utf-8")

BULK_FIELDS = {
    topics.MATCHES.name: ("source_id", "clip_id", "origin.topic", "origin.partition", "origin.offset"),
    **dict.fromkeys(keys.NOW, ("source_id",)),
}


class RedisDestination:
    """Keeps answers, works and where the rhythm is in Redis. Each batch is one round trip.

    Repeats and answers that come late are told by the offset of the input record: within ``redis.reorder_window``
    offsets each answer counts once, and an older one never covers a newer one.
    """

    name = "redis-sink"
    topics: tuple[str, ...] = (topics.MATCHES.name, topics.CATALOGUE.name, topics.INSTRUMENTS.name, *keys.NOW)

    def __init__(self, settings: Settings) -> None:
        options = settings.redis
        self.readers = {topic: BatchReader(topic, fields) for topic, fields in BULK_FIELDS.items()}
        self.batch_rows = options.batch_rows
        self.batch_interval_s = options.batch_interval_s
        self._arguments = (options.reorder_window, options.answer_expiry_s, options.stream_max_length)
        self._expiry_s = options.answer_expiry_s
        self._redis = redis.Redis.from_url(
            settings.redis_url, socket_timeout=options.timeout_s, socket_connect_timeout=options.timeout_s, retry=None
        )
        self._script = ""

    def prepare(self) -> None:
        """Load the script; see ``Destination``."""
        try:
            self._script = self._redis.script_load(SCRIPT)
        except RedisError as error:
            raise _unavailable(error) from error

    def write(self, batch: Sequence[Received]) -> None:
        """Write answers and works; see ``Destination``."""
        pipeline = self._redis.pipeline(transaction=False)
        answers = Answers()
        for received in batch:
            event = received.event
            if isinstance(event, Match):
                origin = event.origin
                seen = keys.seen(event.source_id, origin.topic, origin.partition)
                answers.add(seen, event.source_id, event.clip_id, origin.offset, orjson.dumps(event))
            elif isinstance(event, Instrumentation):
                pipeline.set(keys.instruments(event.clip_id), orjson.dumps(event), ex=self._expiry_s)
            elif event is not None and received.origin.topic in keys.NOW:
                # what is read again comes in the order of the topic, so that the newest stands in the end
                name = keys.now(keys.NOW[received.origin.topic], event.source_id)
                pipeline.set(name, orjson.dumps(event), ex=self._expiry_s)
            else:
                _put_work(pipeline, received)
        self._put_answers(pipeline, answers)
        _execute(pipeline)

    def write_bulk(self, topic: str, records: Records) -> None:
        """Write all of a topic's records; see ``Destination``."""
        pipeline = self._redis.pipeline(transaction=False)
        sources = [source.decode() for source in records.texts("source_id") if source is not None]
        if topic in keys.NOW:
            # of each source only the newest is ever seen
            newest = dict(zip(sources, records.json(), strict=True))
            for source, text in newest.items():
                pipeline.set(keys.now(keys.NOW[topic], source), text, ex=self._expiry_s)
        else:
            answers = Answers()
            origins = zip(records.texts("origin.topic"), records.integers("origin.partition"), strict=True)
            for source, clip, (origin, partition), offset, text in zip(
                sources,
                records.texts("clip_id"),
                origins,
                records.integers("origin.offset"),
                records.json(),
                strict=True,
            ):
                seen = keys.seen(source, (origin or b"").decode(), partition)
                answers.add(seen, source, clip.decode() if clip else None, offset, text)
            self._put_answers(pipeline, answers)
        _execute(pipeline)

    def close(self) -> None:
        self._redis.close()

    def _put_answers(self, pipeline: Pipeline, answers: Answers) -> None:
        for names, texts in answers.calls():
            pipeline.evalsha(self._script, len(names), *names, *self._arguments, *texts)


class Answers:
    """Answers gathered for the script: one call for all of a source's answers to one input partition."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._texts: defaultdict[str, list[int | bytes]] = defaultdict(list)

    def add(self, seen: str, source_id: str, clip_id: str | None, offset: int, text: bytes) -> None:
        """One answer as JSON; ``seen`` is the key of the offsets that were answered."""
        names = self._names.get(seen)
        if names is None:
            names = self._names[seen] = [seen, keys.answer(source_id), keys.answers(source_id)]
        names.append(keys.clip(clip_id) if clip_id else "")
        self._texts[seen] += (offset, text)

    def calls(self) -> Iterable[tuple[list[str], list[int | bytes]]]:
        """Keys and arguments of each call."""
        return zip(self._names.values(), self._texts.values(), strict=True)


def _execute(pipeline: Pipeline) -> None:
    try:
        pipeline.execute()
    except NoScriptError as error:  # Redis was started anew; the script is loaded before the next attempt
        raise _unavailable(error) from error
    except ResponseError as error:
        if "WRONGTYPE" in str(error):
            raise RefusedError(f"Another program's key is in the way: {error}") from error
        raise _unavailable(error) from error
    except RedisError as error:
        raise _unavailable(error) from error


def _put_work(pipeline: Pipeline, received: Received) -> None:
    name = keys.work((received.key or b"").decode("utf-8", "replace"))
    pipeline.delete(name)
    work = received.event
    if isinstance(work, Work):
        licence = work.licence or ""
        fields = ["title", work.title, "composer", work.composer, "path", work.path, "licence", licence]
        pipeline.hset(name, items=fields)


def _unavailable(error: RedisError) -> DestinationUnavailableError:
    return DestinationUnavailableError(f"Redis does not take the answers: {error}.")


def run(settings: Settings, stop: threading.Event, telemetry: Telemetry | None = None) -> None:
    """Write the topics into Redis until ``stop`` is set; raises as ``Sink.run``."""
    Sink(settings, RedisDestination(settings), telemetry).run(stop)
