"""The Redis sink: the latest answers and the works, for programs that ask or follow."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from importlib import resources

import orjson
import redis
from redis.client import Pipeline
from redis.exceptions import NoScriptError, RedisError, ResponseError

from connectors.consumer import Received
from connectors.settings import Settings
from schemas import topics
from schemas.events import Match, Work

from . import redis_keys as keys
from .base import DestinationUnavailableError, RefusedError, Sink

SCRIPT = resources.files(__package__).joinpath("answers.lua").read_text("utf-8")


NOW = {
    topics.BEATS.name: "beat",
    topics.SECTIONS.name: "section",
    topics.TRIGGERS.name: "trigger",
    topics.ERROR_EVENTS.name: "error",
}
"""Topics of which the newest event of each source is kept, and what it is called in the key."""


class RedisDestination:
    """Keeps answers, works and where the rhythm is in Redis. Each batch is one round trip.

    Repeats and answers that come late are told by the offset of the input record: within ``redis.reorder_window``
    offsets each answer counts once, and an older one never covers a newer one.
    """

    name = "redis-sink"
    topics: tuple[str, ...] = (topics.MATCHES.name, topics.CATALOGUE.name, *NOW)

    def __init__(self, settings: Settings) -> None:
        options = settings.redis
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
        matches: dict[str, list[Match]] = defaultdict(list)
        for received in batch:
            if isinstance(received.event, Match):
                origin = received.event.origin
                seen = keys.seen(received.event.source_id, origin.topic, origin.partition)
                matches[seen].append(received.event)
            elif received.event is not None and received.origin.topic in NOW:
                # what is read again comes in the order of the topic, so that the newest stands in the end
                name = keys.now(NOW[received.origin.topic], received.event.source_id)
                pipeline.set(name, orjson.dumps(received.event), ex=self._expiry_s)
            else:
                _put_work(pipeline, received)
        for seen, answers in matches.items():
            self._put_answers(pipeline, seen, answers)
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

    def close(self) -> None:
        self._redis.close()

    def _put_answers(self, pipeline: Pipeline, seen: str, answers: Sequence[Match]) -> None:
        source_id = answers[0].source_id
        clips = [keys.clip(answer.clip_id) if answer.clip_id else "" for answer in answers]
        texts = [part for answer in answers for part in (answer.origin.offset, orjson.dumps(answer))]
        names = [seen, keys.answer(source_id), keys.answers(source_id), *clips]
        pipeline.evalsha(self._script, len(names), *names, *self._arguments, *texts)


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


def run(settings: Settings, stop: threading.Event) -> None:
    """Write the topics into Redis until ``stop`` is set; raises as ``Sink.run``."""
    Sink(settings, RedisDestination(settings)).run(stop)
