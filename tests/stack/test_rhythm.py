"""Live notes to beats and triggers on real Kafka: the same as in one process, though the workers are killed."""

from __future__ import annotations

import time

import numpy as np
import pytest

from connectors.consumer import EventReader
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.bench.band import Song, make_song
from ops.stack import Stack
from processors.beats import BeatNetwork, LiveBeats
from schemas.events import NoteEvent, now_us
from schemas.rhythm import Beat, Trigger

PATIENCE_S = 90.0
SOURCE = "the-band"

pytestmark = pytest.mark.stack


def played(song: Song, zero_us: int) -> list[NoteEvent]:
    return [
        NoteEvent(
            source_id=SOURCE,
            session_id="tonight",
            sequence=number,
            created_at=zero_us + round(float(onset_s) * 1e6),
            time_s=float(onset_s),
            type="note_on",
            pitch=int(song.notes.pitch[number]),
            velocity=int(song.notes.velocity[number]),
        )
        for number, onset_s in enumerate(song.notes.onset_s)
    ]


def test_beats_and_triggers_are_those_of_one_process_though_workers_are_killed(
    stack: Stack, settings: Settings
) -> None:
    song = make_song(120.0, 40.0, np.random.default_rng(5))
    alone = LiveBeats(BeatNetwork())
    # by the wall clock all of it is still to come, so what follows depends on the notes alone
    notes = played(song, now_us() + 3_600_000_000)
    by_note = [alone.add(note.time_s, note.pitch, note.velocity) for note in notes]
    expected = [beat for told in by_note for beat in told]
    workers = [stack.add("rhythm"), stack.add("triggers")]
    for worker in workers:
        worker.start()
    codec, beats, triggers = EventCodec(settings), dict[int, Beat](), list[Trigger]()
    with EventReader(settings, codec, ["beats", "triggers"], "latest") as reader, EventProducer(settings, codec) as out:

        def read_until(number: int) -> None:
            deadline = time.monotonic() + PATIENCE_S
            while number not in beats or len(triggers) < number // 16:
                assert time.monotonic() < deadline, f"{len(beats)} beats and {len(triggers)} triggers of beat {number}."
                received = reader.poll()
                if received and isinstance(received.event, Beat) and received.event.source_id == SOURCE:
                    assert beats.setdefault(received.event.number, received.event).time_s == received.event.time_s
                elif received and isinstance(received.event, Trigger) and received.event.source_id == SOURCE:
                    triggers.append(received.event)

        parts = np.array_split(np.arange(len(notes)), 3)
        for part, worker in zip(parts, [*workers, None], strict=True):
            for number in part:
                out.send("notes", notes[number])
            out.flush()
            read_until(sum(len(told) for told in by_note[: part[-1] + 1]))
            if worker is not None:
                worker.kill()
                worker.start()
    told = [beats[number] for number in sorted(beats)]
    assert [beat.number for beat in told] == [*range(1, len(told) + 1)]
    assert [(beat.time_s, beat.position, beat.tempo_bpm, beat.next_beat_s) for beat in told] == [
        (beat.time_s, beat.position, beat.tempo_bpm, beat.next_beat_s) for beat in expected
    ]
    assert [trigger.beat for trigger in triggers] == [16 * (number + 1) for number in range(len(triggers))]
    for worker in workers:
        worker.stop()
