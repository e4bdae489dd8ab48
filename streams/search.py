"""The search agent: every query gets a result on ``results``, or a dead letter."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict

import structlog

from connectors.blob_store import BlobStore
from connectors.music_limits import music_limits
from connectors.producer import key_of
from connectors.registry import EventCodec
from connectors.search_requests import request_of, search_limits
from connectors.settings import Settings
from processors.identify import Catalogue, CatalogueError
from processors.midi import BadMusicError
from processors.search.engine import Found, SearchEngine
from processors.search.hearing import Heard, Hearing, identifier_of
from processors.search.index import SearchIndex
from processors.search.limits import BadSearchError
from processors.search.model import SearchModel
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import Failure, now_us
from schemas.search import FoundWork, SearchQuery, SearchResult

from .agent import AgentOptions
from .catalogue_view import open_or_create
from .dead_letters import DeadLetters
from .later import LATER
from .payload import PayloadError, payload
from .records import Output, Record

STAGE = "search"
BATCH_MAX = 8
REFRESH_S = 1.0
"""How often the catalogue on disk is looked at for changes."""

log = structlog.get_logger(__name__)


class EngineView:
    """Gives an engine on the catalogue's index; the index follows the catalogue in a thread of its own.

    While new works are embedded, searches go on with the index as it was.

    Raises:
        CatalogueError: the catalogue is damaged, or its index cannot be written.
        TextEncoderError: the text encoder's weights are missing.
    """

    def __init__(self, settings: Settings) -> None:
        self._model = SearchModel(settings.models_dir)
        self._limits = search_limits(settings.search)
        self._engine = self._made(open_or_create(settings.catalogue_dir))
        self._stop = threading.Event()
        threading.Thread(target=self._follow, name="search-index", daemon=True).start()

    @property
    def engine(self) -> SearchEngine:
        """The engine to use now."""
        return self._engine

    def close(self) -> None:
        """Follow the catalogue no longer."""
        self._stop.set()

    def _made(self, catalogue: Catalogue) -> SearchEngine:
        started = time.perf_counter()
        index = SearchIndex.of(catalogue, self._model)
        log.info("search index", works=len(index), seconds=round(time.perf_counter() - started, 2))
        return SearchEngine(index, self._model, self._limits)

    def _follow(self) -> None:
        while not self._stop.wait(REFRESH_S):
            known = self._engine.index.catalogue
            try:
                newest = known.refreshed()
                if newest is not known:
                    self._engine = self._made(newest)
            except CatalogueError as error:
                log.warning("keeping the search index as it was", version=known.version, reason=str(error))


class SearchHandler:
    """Answers searches; may be called from several threads at once."""

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self.agent = AgentOptions(
            STAGE, topics.QUERIES.name, batch_max=BATCH_MAX, threads=settings.search.compute_threads
        )
        self._codec = codec
        self._blobs = BlobStore(settings)
        self._view = EngineView(settings)
        self._hearing = Hearing(music_limits(settings.limits))
        self._hearing.warm_up()
        identifier_of(self._view.engine.index.catalogue).warm_up()
        self._dead_letters = DeadLetters(codec, settings.limits, STAGE)

    def __call__(self, records: Sequence[Record]) -> list[Output]:
        """One result or dead letter for each record; both where the fault is ours.

        Raises:
            RegistryUnavailableError, BlobUnavailableError: try again later.
        """
        engine = self._view.engine
        return [output for record in records for output in self._outputs(record, engine)]

    def _outputs(self, record: Record, engine: SearchEngine) -> list[Output]:
        try:
            query = self._codec.decode(record.topic, record.value or b"")
        except UndecodableError as error:
            return [self._dead_letters.of(record, "undecodable", str(error))]
        assert isinstance(query, SearchQuery)
        started = time.perf_counter()
        letters: list[Output] = []
        found: list[Found] = []
        failure: Failure | None = None
        try:
            found = self._found(query, engine)
        except LATER:
            raise
        except (BadSearchError, BadMusicError, PayloadError) as error:
            failure = Failure(error.type, str(error))
        except Exception as error:  # one record must not take its neighbours with it
            log.exception("search failed", origin=record.origin)
            failure = Failure("internal_error", f"{type(error).__name__}: {error}")
            letters = [self._dead_letters.of(record, type(error).__name__, str(error))]
        return [self._result(record, query, engine, found, failure, started), *letters]

    def _found(self, query: SearchQuery, engine: SearchEngine) -> list[Found]:
        if query.deadline is not None and now_us() > query.deadline:
            raise BadSearchError("too_late", "Nobody waits for the result any more: its deadline is over.")
        return engine.search(request_of(query), self._heard(query, engine))

    def _heard(self, query: SearchQuery, engine: SearchEngine) -> Heard | None:
        if query.kind is None:
            return None
        data = payload(query, self._blobs)
        return self._hearing.hear(query.kind, data, identifier_of(engine.index.catalogue))

    def _result(
        self,
        record: Record,
        query: SearchQuery,
        engine: SearchEngine,
        found: list[Found],
        failure: Failure | None,
        started: float,
    ) -> Output:
        now = now_us()
        result = SearchResult(
            event_id=record.origin.derived_id(STAGE),
            source_id=query.source_id,
            created_at=now,
            trace_context=query.trace_context,
            origin=record.origin,
            made_by=engine.index.version,
            query_id=query.query_id,
            status="failed" if failure else "found",
            error=failure,
            works=tuple(FoundWork(**asdict(work)) for work in found),
            compute_ms=(time.perf_counter() - started) * 1000.0,
            latency_ms=(now - query.created_at) / 1000.0,
        )
        name = topics.RESULTS.name
        return Output(name, key_of(query), self._codec.encode(name, result), query.trace_context)
