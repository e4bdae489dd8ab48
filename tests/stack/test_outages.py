"""A part is away in the middle of a run: the run finishes, and nothing is lost.

How long a part is away can be chosen: CONTINUO_TEST_OUTAGE_S=20 pytest tests/stack/test_outages.py
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count

import pytest

from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.stack import Stack
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
def _workers(stack: Stack, settings: Settings) -> Iterator[None]:
    Catalogue.update(settings.catalogue_dir, [PIECE.entry()])
    workers = [stack.add(kind) for kind in ("clips", "live", "redis-sink", "clickhouse-sink")]
    for worker in workers:
        worker.start()
    yield
    for worker in workers:
        assert worker.pid is not None, f"{worker.name} has ended: {worker.log.read_text()[-2000:]}"
        worker.stop()


@pytest.mark.parametrize("away", ["kafka", "registry", "redis", "clickhouse"])
def test_part_is_away_for_a_while(stack: Stack, settings: Settings, away: str) -> None:
    part, codec = stack.part(away), EventCodec(settings)
    notes = iter(PIECE.played(f"pianist-{away}", 0.0, 60.0))
    helper = stack.add("clips")
    changes = iter([(BEFORE_S, part.stop), (BEFORE_S + 1, helper.start), (BEFORE_S + OUTAGE_S, part.start)])
    next_change = next(changes)
    with replies_from_now(settings, codec) as replies, EventProducer(settings, codec) as producer:
        started = time.monotonic()
        for number in count():
            now_s = time.monotonic() - started
            if next_change is not None and now_s > next_change[0]:
                next_change[1]()
                next_change = next(changes, None)
            if now_s > BEFORE_S + OUTAGE_S + AFTER_S:
                break
            clip_id = f"{away}-{number}"
            clip = Clip(
                source_id=f"s{number % 9}", clip_id=clip_id, kind="midi", name="a.mid", data=PIECE.clip(number % 40)
            )
            producer.send("clips", clip)
            if (note := next(notes, None)) is not None:
                producer.send("notes", note)
            time.sleep(1 / CLIPS_PER_S)
        part.wait_healthy()
        producer.flush()
        for sent in range(number):
            assert replies.of_clip(f"{away}-{sent}").status != "failed"
    assert_nothing_lost(settings)
    helper.stop()
