"""``continuo listen``: watch a topic."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connectors.consumer import Received


class From(StrEnum):
    earliest = "earliest"
    latest = "latest"


def register(app: typer.Typer) -> None:
    app.command("listen")(listen)


def listen(
    topic: Annotated[str, typer.Argument(help="For example matches, notes, clips or dead-letters.")],
    start: Annotated[From, typer.Option("--from", help="Where to begin.")] = From.latest,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many events.")] = None,
    to_end: Annotated[bool, typer.Option("--to-end", help="Stop when what is there now was shown.")] = False,
    source: Annotated[str | None, typer.Option(help="Only the events of this source.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with the record's place.")] = False,
) -> None:
    """Show the events of a topic as they arrive, until Ctrl-C."""
    from contextlib import suppress

    from connectors.consumer import EventReader
    from connectors.registry import EventCodec
    from connectors.settings import Settings
    from ops.commands.explained import explained
    from schemas.topics import BY_NAME

    if topic not in BY_NAME:
        raise typer.BadParameter(f"There is no topic {topic!r}; there are {', '.join(BY_NAME)}.")
    settings = Settings()
    shown = 0
    with (
        explained(),
        suppress(KeyboardInterrupt),
        EventReader(settings, EventCodec(settings), [topic], start.value) as reader,
    ):
        for received in reader.to_end() if to_end else reader.events():
            if source is not None and (received.event is None or received.event.source_id != source):
                continue
            typer.echo(_as_json(received) if as_json else _as_line(received))
            shown += 1
            if shown == count:
                break


def _as_json(received: Received) -> str:
    import json
    from dataclasses import asdict

    from schemas.codec import to_json

    place = {"record": asdict(received.origin), "key": (received.key or b"").decode(errors="replace")}
    if received.event is None:
        return json.dumps(place | {"problem": received.problem or "tombstone"})
    return json.dumps(json.loads(to_json(received.event)) | place)


def _as_line(received: Received) -> str:
    from datetime import datetime

    from ops.describe import describe

    time = datetime.fromtimestamp(received.timestamp_ms / 1000).strftime("%H:%M:%S.%f")[:-3]
    key = (received.key or b"").decode(errors="replace")
    what = describe(received.event) if received.event else received.problem or "(removed)"
    return f"{time}  {received.origin.partition}/{received.origin.offset:<8} {key:<20} {what}"
