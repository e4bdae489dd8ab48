"""Requests to the gateway, right and wrong ones by schemathesis from its OpenAPI description, and how they are damaged.

Schemathesis makes some tens a second. What it makes is damaged as files are, which keeps most of what makes a request
reach the code behind the door and costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

import numpy as np

from .mutate import MOST_CHANGES, damage
from .targets import KINDS

STREAMS = "/events$"
"""These answers never end."""
LINE_ENDS = bytes.maketrans(b"\r\n\0", b"   ")
UPLOADS_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as far as it can be written down.

    Attributes:
        label: the operation that it is for.
        target: path and query, as they are sent.
        headers: all but the length of the body.
    """

    label: str
    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def wire(self) -> bytes:
        """What goes over the line."""
        headers = (*self.headers, (b"Content-Length", b"%d" % len(self.body)))
        lines = [self.method + b" " + self.target + b" HTTP/1.1", *(name + b": " + value for name, value in headers)]
        return b"\r\n".join([*lines, b"", self.body])


class Input(NamedTuple):
    """What is sent.

    Attributes:
        label: the operation that it was made for.
        data: the bytes.
        framed: where it ends can be told; otherwise the line has to be closed behind it.
    """

    label: str
    data: bytes
    framed: bool


def made_requests(description: dict[str, Any], url: str, count: int, seed: int) -> list[Request]:
    """Requests of all operations of an OpenAPI description, and some with real music, of which it has none."""
    import schemathesis

    schema = schemathesis.openapi.from_dict(description).exclude(path_regex=STREAMS)
    operations: list[Any] = [made.ok() for made in schema.get_all_operations()]  # type: ignore[union-attr]
    uploads = _uploads(url)
    made = [uploads[number % len(uploads)] for number in range(max(1, round(count * UPLOADS_SHARE)))]
    for number, operation in enumerate(operations):
        left = count - len(made)
        made += _made(operation, url, max(1, left // (len(operations) - number)), seed)
    return made


def input_of(wholes: Sequence[Request], seed: int, number: int) -> Input:
    """Input ``number``: the wholes as they are, then one of them, damaged in its target, headers, body, or anywhere."""
    if number < len(wholes):
        return Input(wholes[number].label, wholes[number].wire(), framed=True)
    rng = np.random.default_rng((seed, number))
    whole, other = (wholes[int(rng.integers(len(wholes)))] for _ in range(2))
    part = int(rng.integers(8))
    if part == 0:
        return Input(whole.label, _damaged(whole.wire(), other.wire(), rng), framed=False)
    if part == 1:
        number = int(rng.integers(len(whole.headers)))
        headers = [*whole.headers]
        name, value = headers[number]
        headers[number] = (name, _damaged(value, other.headers[0][1], rng).translate(LINE_ENDS))
        whole = replace(whole, headers=tuple(headers))
    elif part < 5 and whole.body:
        whole = replace(whole, body=_damaged(whole.body, other.body, rng))
    else:
        # mostly the last name or value, so that it goes where it was to go
        start = 1 if part == 7 else 1 + max(whole.target.rfind(mark) for mark in (b"/", b"=", b"&", b"?"))
        target = _damaged(unquote_to_bytes(whole.target[start:]), unquote_to_bytes(other.target), rng)
        whole = replace(whole, target=whole.target[:start] + quote_from_bytes(target, safe="/?&=").encode())
    return Input(whole.label, whole.wire(), framed=True)


def _damaged(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for _ in range(min(int(rng.geometric(0.5)), MOST_CHANGES)):
        damage(changed, [other], rng)
    return bytes(changed)


def _made(operation: Any, url: str, count: int, seed: int) -> list[Request]:
    """Requests of one operation, right ones and wrong ones."""
    import hypothesis
    from schemathesis import GenerationMode

    made: list[Request] = []

    def note(case: Any) -> None:
        request = _prepared(operation.label, case.as_transport_kwargs(base_url=url))
        if request is not None:
            made.append(request)

    for mode, share in ((GenerationMode.POSITIVE, count - count // 2), (GenerationMode.NEGATIVE, count // 2)):
        run: Any = hypothesis.given(operation.as_strategy(generation_mode=mode))(note)  # type: ignore[no-untyped-call]
        run = hypothesis.seed(seed)(run)
        run = hypothesis.settings(
            max_examples=max(share, 1),
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )(run)
        try:
            run()
        except hypothesis.errors.Unsatisfiable:
            continue  # an operation without parameters has no wrong ones
    return made


def _uploads(url: str) -> list[Request]:
    midi, sound = KINDS["midi"]().wholes[0], KINDS["audio"]().wholes[0]
    places = ("/api/clips", "/search/audio", "/api/analyze-song")
    songs = [(place, "song.mid", midi) for place in places] + [("/api/clips", "song.wav", sound)]
    made = [
        _prepared(f"POST {place}", {"method": "POST", "url": url + place, "files": {"file": (name, data)}})
        for place, name, data in songs
    ]
    return [request for request in made if request is not None]


def _prepared(label: str, arguments: dict[str, Any]) -> Request | None:
    """What the client would send; None where not even the client takes it."""
    import requests

    try:
        made = requests.Request(**arguments).prepare()
        headers = [
            (_bytes(name), _bytes(value).translate(LINE_ENDS))
            for name, value in made.headers.items()
            if name.lower() not in ("content-length", "transfer-encoding")
        ]
        host = _bytes((made.url or "").split("/")[2])
        body = _bytes(made.body) if isinstance(made.body, str | bytes) else b""
        return Request(label, _bytes(made.method or "GET"), _bytes(made.path_url), ((b"Host", host), *headers), body)
    except (requests.RequestException, ValueError, TypeError):
        return None


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
