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
from ops.cluster import Cluster
from ops.stack import Stack
from processors.beats import BeatNetwork, LiveBeats
from processors.identify import Catalogue, WorkEntry
from processors.score_beats import ScoreBeats
from schemas.events import Candidate, Match, NoteEvent, Origin, now_us
from schemas.rhythm import Beat, Section, Trigger

PATIENCE_S = 90.0
KNOWN_AFTER_S = 10.0
NOTE_EVERY_S = 0.05
SOURCE = "the-band"

pytestmark = pytest.mark.stack


def played(song: Song, zero_us: int, source_id: str = SOURCE) -> list[NoteEvent]:
    return [
        NoteEvent(
            source_id=source_id,
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


def found(source_id: str, time_s: float) -> Match:
    """The live worker's answer: the player is in the song where the song is as old as the playing."""
    place = Candidate(
        work_id="the-song",
        title="The Song",
        composer="The Band",
        path="song.mid",
        confidence=0.99,
        ref_start_s=max(0.0, time_s - 5.0),
        ref_end_s=time_s,
        transposition=0,
        tempo_ratio=1.0,
        score=30.0,
        matched_notes=30,
    )
    return Match(
        source_id=source_id,
        origin=Origin("notes", 0, 0),
        made_by="test",
        kind="live",
        status="matched",
        candidates=(place,),
        time_s=time_s,
    )


def wait_until_read(settings: Settings, group: str, topic: str) -> None:
    """Wait until the group has dealt with what other tests left on the topic."""
    cluster, deadline = Cluster(settings), time.monotonic() + PATIENCE_S
    while True:
        lags = [
            part.lag
            for each in cluster.groups()
            if each.name == group
            for part in each.partitions
            if part.topic == topic
        ]
        if lags and not sum(lags):
            return
        assert time.monotonic() < deadline, f"{group} still has {sum(lags)} records of {topic} to read."
        time.sleep(0.2)


def test_beats_and_sections_come_from_the_score_once_the_work_is_known(stack: Stack, settings: Settings) -> None:
    song, source = make_song(120.0, 30.0, np.random.default_rng(6)), "the-other-band"
    count = len(song.beat_s)
    score = ScoreBeats(song.beat_s, np.arange(count) % 4 + 1, np.full(count, 4))
    Catalogue.update(
        settings.catalogue_dir, [WorkEntry("the-song", "The Song", "The Band", "song.mid", song.notes, None, score)]
    )
    worker = stack.add("rhythm")
    worker.start()
    codec, beats, sections = EventCodec(settings), list[Beat](), list[Section]()
    with EventReader(settings, codec, ["beats", "sections"], "latest") as reader, EventProducer(settings, codec) as out:

        def read_until(time_s: float) -> None:
            deadline = time.monotonic() + PATIENCE_S
            while not beats or beats[-1].time_s < time_s:
                assert time.monotonic() < deadline, f"{len(beats)} beats, the last {beats[-1:]}"
                received = reader.poll()
                if received and isinstance(received.event, Beat) and received.event.source_id == source:
                    beats.append(received.event)
                elif received and isinstance(received.event, Section) and received.event.source_id == source:
                    sections.append(received.event)

        notes = played(song, now_us() + 3_600_000_000, source)
        unknown = [note for note in notes if note.time_s < KNOWN_AFTER_S]
        for note in unknown:
            out.send("notes", note)
        out.flush()
        # places are worth something at their time only, so every agent has to be at work before the first
        read_until(KNOWN_AFTER_S - 2.0)
        wait_until_read(settings, "continuo-beats", "matches")
        for note in notes[len(unknown) :]:
            # topics are read side by side: a match must not be overtaken by the notes after it
            out.send("matches", found(source, note.time_s))
            out.flush()
            time.sleep(NOTE_EVERY_S)
            out.send("notes", note)
        out.flush()
        read_until(song.beat_s[-2])
        deadline = time.monotonic() + PATIENCE_S
        while not any(part.work_id for part in sections):
            assert time.monotonic() < deadline, f"No section of the work among {sections}"
            received = reader.poll()
            if received and isinstance(received.event, Section) and received.event.source_id == source:
                sections.append(received.event)
    worker.stop()
    known = [beat for beat in beats if beat.basis == "score"]
    assert [beat.number for beat in beats] == [*range(1, len(beats) + 1)]
    assert {beat.basis for beat in beats if beat.time_s < KNOWN_AFTER_S - 0.5} <= {"network"}
    assert {beat.work_id for beat in known} == {"the-song"}
    told_s = np.array([beat.time_s for beat in known if beat.time_s > KNOWN_AFTER_S + 2.0])
    expected_s = song.beat_s[(song.beat_s > KNOWN_AFTER_S + 2.0) & (song.beat_s < told_s[-1] + 0.25)]
    assert len(told_s) == len(expected_s)
    assert np.abs(told_s - expected_s).max() < 0.07
    assert {part.work_id for part in sections if part.basis == "score"} == {"the-song"}
