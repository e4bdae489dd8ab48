"""A Faust worker for the chaos run: notes down every record it has handled, then acknowledges it.

Usage: python chaos_worker.py BOOTSTRAP TOPIC GROUP DIR stock|ours
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import faust

from streams.transport import Transport

HANDLING_S = 0.004


def main(bootstrap: str, topic: str, group: str, directory: str, transport: str) -> None:
    app = faust.App(
        group,
        broker=f"kafka://{bootstrap}",
        datadir=f"{directory}/{os.getpid()}",
        key_serializer="raw",
        value_serializer="raw",
        stream_wait_empty=True,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_commit_interval=0.3,
        producer_acks=-1,
        topic_partitions=16,
        topic_disable_leader=True,
        web_enabled=False,
    )
    if transport == "ours":
        Transport.install(app)
    seen = app.Table("seen", default=int, partitions=16)
    handled = os.open(Path(directory) / f"handled-{os.getpid()}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    @app.agent(app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"))
    async def handle(stream: faust.StreamT) -> None:
        async for event in stream.events():
            await asyncio.sleep(HANDLING_S)
            seen[event.key.decode()] += 1
            os.write(handled, f"{event.message.partition} {event.message.offset}\n".encode())

    faust.Worker(app, loglevel="WARN", quiet=True, redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(*sys.argv[1:])
