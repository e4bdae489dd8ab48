"""Messages on the board's serial line: kind, sequence number, content, CRC-16, between two END bytes (SLIP, RFC 1055).

A step's content is the state (int16, little-endian) and the features (int8); its answer's is two logits and the state
(int16). The board remembers nothing between steps, so that a step may be sent again.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass

END, ESCAPE, ESCAPED_END, ESCAPED_ESCAPE = 0xC0, 0xDB, 0xDC, 0xDD
HELLO, STEP, ANSWER = 0x01, 0x02, 0x80
MAX_MESSAGE_BYTES = 4096
_ESCAPES = {END: bytes((ESCAPE, ESCAPED_END)), ESCAPE: bytes((ESCAPE, ESCAPED_ESCAPE))}
_ESCAPED = {ESCAPED_END: END, ESCAPED_ESCAPE: ESCAPE}


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        kind: ``HELLO`` or ``STEP``, with ``ANSWER`` from the board.
        number: 0 to 255; an answer has its request's.
        content: what is said.
    """

    kind: int
    number: int
    content: bytes = b""

    def to_bytes(self) -> bytes:
        """The message as it goes over the line."""
        plain = bytes((self.kind, self.number)) + self.content
        plain += binascii.crc_hqx(plain, 0xFFFF).to_bytes(2, "big")
        body = b"".join(_ESCAPES.get(byte, bytes((byte,))) for byte in plain)
        return bytes((END,)) + body + bytes((END,))


class MessageReader:
    """Finds the messages in what arrives, in pieces of any size; what is damaged is passed over and counted.

    Attributes:
        damaged: pieces between two ENDs that were no message.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that ``data`` completes."""
        for byte in data:
            if byte != END:
                if len(self._held) <= MAX_MESSAGE_BYTES:
                    self._held.append(byte)
                continue
            if self._held:
                message = _message(bytes(self._held))
                self._held.clear()
                if message is None:
                    self.damaged += 1
                else:
                    yield message


def _message(body: bytes) -> Message | None:
    plain = bytearray()
    escaped = False
    for byte in body:
        if escaped:
            if byte not in _ESCAPED:
                return None
            plain.append(_ESCAPED[byte])
        elif byte != ESCAPE:
            plain.append(byte)
        escaped = byte == ESCAPE and not escaped
    if escaped or len(plain) < 4 or binascii.crc_hqx(bytes(plain), 0xFFFF):
        return None
    return Message(plain[0], plain[1], bytes(plain[2:-2]))
