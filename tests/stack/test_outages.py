"""A part is away in the middle of a run: the run finishes, and nothing is lost.

How long a part is away can be chosen: CONTINUO_TEST_OUTAGE_S=20 pytest tests/stack/test_outages.py
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.blob_store import BlobStore
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.stack import Stack
from ops.stack.part import Part
from processors.identify import Catalogue
from schemas.events import Clip

from .audits import assert_nothing_lost
from .music import make_piece
from .replies import replies_from_now

OUTAGE_S = float(os.environ.get("CONTINUO_TEST_OUTAGE_S", "6"))
CLIPS_PER_S = 20
BEFORE_S = 2.0
AFTER_S = 2.0
PIECE = make_piece(20)

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module", autouse=True)
def clips_worker(stack: Stack, settings: Settings) -> Iterator[Part]:
    """A worker of each kind, running; gives that of the clips."""
    Catalogue.update(settings.catalogue_dir, [PIECE.entry()])
    workers = [stack.add(kind) for kind in ("clips", "live", "redis-sink", "clickhouse-sink")]
    for worker in workers:
        worker.start()
    codec = EventCodec(settings)
    with replies_from_now(settings, codec) as replies, EventProducer(settings, codec) as producer:
        producer.send("clips", clip("ready"))
        producer.send("notes", PIECE.played("ready", 0.0, 1.0)[0])
        producer.flush()
        replies.of_clip("ready")
        replies.match(lambda match: match.source_id == "ready" and match.kind == "live", "the first note")
    yield workers[0]
    for worker in workers:
        assert worker.pid is not None, f"{worker.name} has ended: {worker.log.read_text()[-2000:]}"
        worker.stop()


@pytest.mark.parametrize("away", ["kafka", "registry", "redis", "clickhouse"])
def test_part_is_away_for_a_while(stack: Stack, settings: Settings, away: str) -> None:
    part, codec = stack.part(away), EventCodec(settings)
    notes = iter(PIECE.played(f"pianist-{away}", 0.0, 60.0))
    helper = stack.add("clips")
    changes = [(BEFORE_S, part.stop), (BEFORE_S + OUTAGE_S, part.start)]
    if away == "registry":  # a worker that starts now has everything to ask for
        changes.insert(1, (BEFORE_S + 1.0, helper.start))
    with replies_from_now(settings, codec) as replies, EventProducer(settings, codec) as producer:
        started = time.monotonic()
        number = 0
        while (now_s := time.monotonic() - started) < BEFORE_S + OUTAGE_S + AFTER_S:
            if changes and now_s > changes[0][0]:
                changes.pop(0)[1]()
            producer.send("clips", clip(f"{away}-{number}", number))
            if (note := next(notes, None)) is not None:
                producer.send("notes", note)
            number += 1
            time.sleep(1 / CLIPS_PER_S)
        part.wait_healthy()
        producer.flush()
        for sent in range(number):
            assert replies.of_clip(f"{away}-{sent}").status != "failed"
    assert_nothing_lost(settings, "clips", "notes")
    helper.stop()


def test_blob_store_is_away(clips_worker: Part, settings: Settings) -> None:
    """The partition waits, a worker that waits can be stopped, and whoever comes next answers."""
    codec = EventCodec(settings)
    ref = BlobStore(settings).put(PIECE.midi)
    shelf = Path(settings.blob_url.removeprefix("file://")) / Path(ref.key).parent
    hidden = shelf.rename(shelf.with_suffix(".away"))
    shelf.touch()  # a file where a folder should be: neither there nor gone
    with replies_from_now(settings, codec) as replies, EventProducer(settings, codec) as producer:
        claimed = Clip(source_id="s", clip_id="claimed", kind="midi", name="a.mid", blob=ref, start_s=5, length_s=8)
        producer.send("clips", claimed)
        producer.flush()
        time.sleep(2.0)
        clips_worker.stop()
        clips_worker.start()  # it will not say that it is ready: it waits like the one before it
        assert not replies.matches
        shelf.unlink()
        hidden.rename(shelf)
        assert replies.of_clip("claimed").candidates[0].work_id == PIECE.work_id
    assert_nothing_lost(settings, "clips", "notes")


def clip(clip_id: str, number: int = 0) -> Clip:
    data = PIECE.clip(number % 40)
    return Clip(source_id=f"s{number % 9}", clip_id=clip_id, kind="midi", name="a.mid", data=data)
