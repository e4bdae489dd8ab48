"""Requests for fuzzing: what is damaged is still a request, and what comes back is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ops.fuzz.http_line import Answer, Line
from ops.fuzz.http_requests import Request, input_of

WHOLES = [
    Request("GET /api/clips/{clip_id}", b"GET", b"/api/clips/c?wait_s=1", ((b"Host", b"127.0.0.1:8080"),), b""),
    Request("POST /search/text", b"POST", b"/search/text", ((b"Host", b"127.0.0.1:8080"),), b'{"query": "sad waltz"}'),
]


def test_inputs_follow_from_their_number_and_can_be_sent() -> None:
    assert input_of(WHOLES, 1, 1).data == WHOLES[1].wire()
    inputs = [input_of(WHOLES, 1, number) for number in range(2, 400)]
    assert inputs == [input_of(WHOLES, 1, number) for number in range(2, 400)]
    assert len({sent.data for sent in inputs}) > 300
    for sent in inputs:
        if sent.framed:
            head, _, body = sent.data.partition(b"\r\n\r\n")
            line, *headers = head.split(b"\r\n")
            assert len(line.split(b" ")) == 3
            assert line.endswith(b" HTTP/1.1")
            assert headers[-1] == b"Content-Length: %d" % len(body)
    assert any(not sent.framed for sent in inputs)


@pytest.mark.parametrize(
    ("said", "framed", "status", "text"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", True, 200, b"hi"),
        (b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", True, 404, b"no"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: for ever", True, 200, b"data: for ever"),
        (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nbad", False, 400, b"bad"),
        (b"", False, 0, b""),
    ],
)
def test_a_line_hears_answers_of_every_kind(said: bytes, framed: bool, status: int, text: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        if not framed:
            writer.close()

    heard = asyncio.run(ask_twice(answer, framed))
    assert (heard.status, heard.text) == (status, text)


async def ask_twice(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], framed: bool
) -> Answer:
    """The second answer: on the same connection where that is kept, on a new one otherwise."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not reader.at_eof():
                await serve(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    line = Line(*server.sockets[0].getsockname()[:2])
    request = b"GET / HTTP/1.1\r\n\r\n"
    await line.ask(request, framed)
    found = await line.ask(request, framed)
    line.close()
    server.close()
    return found
