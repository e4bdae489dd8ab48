"""ClickHouse's HTTP interface, as far as clients such as ``clickhouse_connect``, curl and Grafana use it.

Not served: sessions across requests, compression of answers, external tables, users.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import lz4.frame
from aiohttp import web
from aiohttp.typedefs import Handler

from .engine import DEFAULT_DATABASE, Answer, Engine, EngineError
from .statement import Statement, parse

DEFAULT_FORMAT = "TabSeparated"
PARAMETER = "param_"
# of the transport, not of the engine; every other name in a request's query is a ClickHouse setting
TRANSPORT_NAMES = frozenset(
    {
        *("query", "query_id", "database", "default_format", "user", "password", "role", "quota_key"),
        *("session_id", "session_timeout", "session_check", "client_protocol_version"),
        *("compress", "decompress", "enable_http_compression", "wait_end_of_query", "buffer_size"),
        *("send_progress_in_http_headers", "http_headers_progress_interval_ms"),
        "cancel_http_readonly_queries_on_client_close",
    }
)
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost"})
# ClickHouse's own choice for the errors that clients tell apart
STATUS_OF_CODE = {60: 404, 62: 400, 81: 404, 115: 400, 159: 408, 396: 413, 457: 400}
STATUS_OTHERWISE = 500


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What clients may cost: the largest request, and how many statements run at the same time."""

    body_max_bytes: int
    statements: int


class ClickHouseHttp:
    """Handles requests by running their statements on an engine."""

    def __init__(self, engine: Engine, limits: HttpLimits) -> None:
        self._engine = engine
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.statements)
        self._threads = ThreadPoolExecutor(limits.statements, thread_name_prefix="statement")

    def application(self) -> web.Application:
        """The application to be served."""
        application = web.Application(client_max_size=self._limits.body_max_bytes, middlewares=[refuse_web_pages])
        application.router.add_get("/ping", self._ping)
        application.router.add_get("/", self._statement)
        application.router.add_post("/", self._statement)
        return application

    async def _ping(self, request: web.Request) -> web.Response:
        return web.Response(text="Ok.\n")

    async def _statement(self, request: web.Request) -> web.Response:
        async with self._slots:  # taken before the body is read, so that waiting requests take no memory
            asked = dict(request.query)
            if request.content_type == "multipart/form-data":
                text = (await self._form(request, asked)).encode()
            else:
                body = self._decompressed(await request.read(), request.headers.get("Content-Encoding", ""))
                query = asked.get("query", "").encode()
                text = query + b"\n" + body if query and body else query or body
            if not text.strip():
                return web.Response(text="Ok.\n")
            wanted = asked.get("default_format") or request.headers.get("X-ClickHouse-Format")
            statement = parse(text, wanted or DEFAULT_FORMAT)
            return await self._run(statement, asked, may_write=request.method == "POST")

    async def _run(self, statement: Statement, asked: Mapping[str, str], *, may_write: bool) -> web.Response:
        settings = {
            name: value
            for name, value in asked.items()
            if name not in TRANSPORT_NAMES and not name.startswith(PARAMETER)
        }
        if not may_write:
            settings["readonly"] = "2"  # the last one: after it no other could be set

        def run() -> Answer:
            return self._engine.run(
                statement,
                database=asked.get("database") or DEFAULT_DATABASE,
                settings=settings,
                parameters={
                    name.removeprefix(PARAMETER): value for name, value in asked.items() if name.startswith(PARAMETER)
                },
            )

        query_id = asked.get("query_id") or str(uuid.uuid4())
        headers = {"X-ClickHouse-Query-Id": query_id, "X-ClickHouse-Server-Display-Name": "continuo"}
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, run)
        except EngineError as error:
            headers["X-ClickHouse-Exception-Code"] = str(error.code)
            status = STATUS_OF_CODE.get(error.code, STATUS_OTHERWISE)
            return web.Response(text=f"{error}\n", status=status, headers=headers)
        headers["X-ClickHouse-Summary"] = _summary(answer)
        if statement.answers:
            headers["X-ClickHouse-Format"] = statement.format
        return web.Response(body=answer.body, headers=headers, content_type="application/octet-stream")

    async def _form(self, request: web.Request, asked: dict[str, str]) -> str:
        # how clients send parameters that are too long for an address
        for name, value in (await request.post()).items():
            if not isinstance(value, str):
                raise web.HTTPBadRequest(text="External tables are not served by the embedded ClickHouse.\n")
            asked[name] = value
        return asked.get("query", "")

    def _decompressed(self, body: bytes, encoding: str) -> bytes:
        # gzip, deflate and zstd were undone by the HTTP library
        if encoding != "lz4":
            return body
        limit = self._limits.body_max_bytes
        try:
            data: bytes = lz4.frame.LZ4FrameDecompressor().decompress(body, max_length=limit + 1)
        except RuntimeError as error:
            raise web.HTTPBadRequest(text=f"The request is no LZ4 frame: {error}.\n") from error
        if len(data) > limit:
            raise web.HTTPRequestEntityTooLarge(limit, len(data))
        return data


@web.middleware
async def refuse_web_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a browser sends for a page of another site: there are no users here to be told apart."""
    if "Origin" in request.headers or request.url.host not in LOCAL_NAMES:
        raise web.HTTPForbidden(text="The embedded ClickHouse answers programs on this machine, not web pages.\n")
    return await handler(request)


def _summary(answer: Answer) -> str:
    return json.dumps(
        {
            "read_rows": str(answer.rows_read),
            "written_rows": str(answer.rows_written),
            "written_bytes": str(answer.bytes_written),
        }
    )
