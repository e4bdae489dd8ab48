"""A connection that is kept open for request after request, whatever they are."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import httptools

CHUNK_BYTES = 1 << 16
TEXT_BYTES = 300


@dataclass(slots=True)
class Answer:
    """What came back.

    Attributes:
        status: 0 where the line was closed without an answer.
        took_s: from the request's last byte to the answer's; of a stream, to its head.
        text: how its body begins.
    """

    status: int = 0
    took_s: float = 0.0
    text: bytes = b""


class Line:
    """One request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, data: bytes, framed: bool) -> Answer:
        """Send a request, and wait for its answer.

        Args:
            framed: where it ends can be told; otherwise nothing more is sent on this connection.

        Raises:
            ConnectionRefusedError: nobody listens.
            httptools.HttpParserError: what comes back is no HTTP.
        """
        reader, writer = self._streams or await asyncio.open_connection(*self._address)
        self._streams = None
        heard = _Heard()
        started = time.perf_counter()
        try:
            writer.write(data)
            if not framed:
                writer.write_eof()
            await writer.drain()
            while not heard.done and (chunk := await reader.read(CHUNK_BYTES)):
                heard.parser.feed_data(chunk)
        except ConnectionRefusedError:
            raise
        except OSError:
            pass  # it may close the line at any time
        finally:
            if framed and heard.done and not heard.is_stream and heard.parser.should_keep_alive():
                self._streams = reader, writer
            else:
                writer.close()
        return Answer(heard.status, time.perf_counter() - started, bytes(heard.text))

    def close(self) -> None:
        """Disconnect."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class _Heard:
    """Follows one answer."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.is_stream = self.done = False
        self.text = bytearray()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.is_stream |= name.lower() == b"content-type" and value.startswith(b"text/event-stream")

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()
        self.done = self.is_stream

    def on_body(self, body: bytes) -> None:
        self.text += body[: max(0, TEXT_BYTES - len(self.text))]

    def on_message_complete(self) -> None:
        self.done = True
