"""Workers are stopped, killed and added while clips and notes run: nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.stack import Stack
from processors.identify import Catalogue
from schemas.events import Clip, Work

from .audits import assert_nothing_lost
from .music import Piece, make_piece
from .replies import replies_from_now

CLIPS = 300
CLIPS_PER_S = 25
PIECES = [make_piece(seed) for seed in range(10, 16)]

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module", autouse=True)
def _catalogue_and_sinks(stack: Stack, settings: Settings) -> Iterator[None]:
    Catalogue.update(settings.catalogue_dir, [piece.entry() for piece in PIECES])
    sinks = [stack.add("redis-sink"), stack.add("clickhouse-sink")]
    for sink in sinks:
        sink.start()
    yield
    for sink in sinks:
        sink.stop()


@pytest.fixture
def producer(stack: Stack, settings: Settings) -> Iterator[EventProducer]:
    with EventProducer(settings, EventCodec(settings)) as producer:
        yield producer


def clip_of(piece: Piece, clip_id: str, start_s: float) -> Clip:
    return Clip(source_id=f"player-{clip_id[-1]}", clip_id=clip_id, kind="midi", name="a.mid", data=piece.clip(start_s))


def test_clips_survive_workers_that_stop_die_and_join(
    stack: Stack, settings: Settings, producer: EventProducer
) -> None:
    first, second, third = (stack.add("clips") for _ in range(3))
    first.start()
    second.start()
    events = {30: third.start, 80: first.stop, 120: second.kill, 150: first.start, 200: third.kill, 230: second.start}
    with replies_from_now(settings, EventCodec(settings)) as replies:
        for number in range(CLIPS):
            if number in events:
                events[number]()
            producer.send("clips", clip_of(PIECES[number % len(PIECES)], f"chaos-{number}", number % 40))
            producer.poll()
            time.sleep(1 / CLIPS_PER_S)
        producer.flush()
        answers = [replies.of_clip(f"chaos-{number}") for number in range(CLIPS)]
    assert [answer.error for answer in answers if answer.error is not None] == []
    assert_nothing_lost(settings, "clips")
    for worker in (first, second, third):
        worker.stop()


def test_live_source_goes_on_when_its_worker_is_killed(
    stack: Stack, settings: Settings, producer: EventProducer
) -> None:
    notes = PIECES[0].played("pianist", 5.0, 25.0)
    before, after = notes[:-6], notes[-6:]
    worker = stack.add("live")
    worker.start()
    with replies_from_now(settings, EventCodec(settings)) as replies:
        for note in before:
            producer.send("notes", note)
            producer.poll()
            time.sleep(0.01)
        producer.flush()
        replies.match(lambda m: m.kind == "live" and m.time_s >= before[-1].time_s, "the notes before")
        worker.kill()
        worker.start()
        for note in after:
            producer.send("notes", note)
            producer.flush()
            time.sleep(0.05)
        # the first answer of the new worker rests on what the old one heard
        answer = replies.match(lambda m: m.kind == "live" and m.time_s > before[-1].time_s, "the notes after the kill")
        assert answer.notes_heard > len(after)
        assert answer.status == "matched"
        assert answer.candidates[0].work_id == PIECES[0].work_id
    assert_nothing_lost(settings, "notes")
    worker.stop()


def test_work_is_found_and_gone_again_without_a_restart(
    stack: Stack, settings: Settings, producer: EventProducer
) -> None:
    piece = make_piece(99)
    clips, catalogue = stack.add("clips"), stack.add("catalogue")
    clips.start()
    catalogue.start()
    with replies_from_now(settings, EventCodec(settings)) as replies:

        def wait_until_answered(work_id: str | None, stage: str) -> None:
            for number in range(200):
                clip_id = f"{stage}-{number}"
                producer.send("clips", clip_of(piece, clip_id, 10.0))
                producer.flush()
                answer = replies.of_clip(clip_id)
                if work_id == (answer.candidates[0].work_id if answer.status == "matched" else None):
                    return
            pytest.fail(f"The clip was never answered with {work_id}.")

        wait_until_answered(None, "unknown-yet")
        producer.send("catalogue", work_of("broken", b"MThd"))
        producer.send("catalogue", work_of(piece.work_id, piece.midi))
        producer.flush()
        letter = replies.dead_letter(lambda letter: letter.origin.topic == "catalogue", "the broken work")
        assert letter.error_type == "truncated"
        wait_until_answered(piece.work_id, "known")
        producer.send_tombstone("catalogue", piece.work_id)
        producer.flush()
        wait_until_answered(None, "gone")
    audit = assert_nothing_lost(settings, "clips", "catalogue")
    assert audit.topics["catalogue"].dead_letters == 1
    clips.stop()
    catalogue.stop()


def work_of(work_id: str, midi: bytes) -> Work:
    return Work(source_id="tests", work_id=work_id, title=work_id, composer="Nobody", path=f"{work_id}.mid", data=midi)
