"""``continuo bench freshness``: from publishing a work to the first clip that is recognised as it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from connectors.blob_store import BlobStore
from connectors.consumer import EventReader
from connectors.importers import ImportedWork
from connectors.producer import EventProducer
from connectors.work_publisher import work_event
from ops.answers import matches
from processors.midi import write_midi
from processors.notes import Notes
from schemas import topics
from schemas.events import Clip

from .quantiles import quantiles
from .rig import Rig, rig

SILENCE_S = 30.0
WORK_NOTES = 400
CLIP_NOTES = 40


def freshness(works: int, seed: int) -> dict[str, Any]:
    """Publish works that nobody has written, one after the other, each with clips of it until one is matched.

    Returns:
        ``found``: count and quantiles, milliseconds from publishing the work to publishing the answer that names it.
        ``clips``: how many clips were asked for each on average; all but the last were ``unknown``.
    """
    with (
        rig(("kafka", "registry"), ("clips", "catalogue")) as made,
        EventReader(made.settings, made.codec, [topics.MATCHES.name]) as reader,
        EventProducer(made.settings, made.codec) as producer,
    ):
        rng = np.random.default_rng(seed)
        _find_new(made, reader, producer, 0, rng)  # the catalogue worker may still be starting
        found = [_find_new(made, reader, producer, number, rng) for number in range(1, works + 1)]
    return {
        "found": quantiles([waited_ms for waited_ms, _ in found]),
        "clips": round(float(np.mean([asked for _, asked in found])), 1),
        "works_before": len(made.works),
    }


def _find_new(
    made: Rig, reader: EventReader, producer: EventProducer, number: int, rng: np.random.Generator
) -> tuple[float, int]:
    notes = Notes.of(np.cumsum(rng.uniform(0.1, 0.5, WORK_NOTES)), 60 + np.cumsum(rng.integers(-4, 5, WORK_NOTES)) % 36)
    work = ImportedWork(f"new-{number}", f"New {number}", "Nobody", f"new/{number}", None, write_midi(notes))
    clip = write_midi(notes.between(notes.onset_s[100], notes.onset_s[100 + CLIP_NOTES]))
    started_us = time.time_ns() // 1000
    event = work_event(work, BlobStore(made.settings), made.settings.blobs.inline_max_bytes)
    producer.send(topics.CATALOGUE.name, event)
    producer.flush()
    for asked in range(1, 1_000):
        clip_id = f"{work.work_id}-{asked}"
        producer.send(topics.CLIPS.name, Clip(source_id="bench", clip_id=clip_id, kind="midi", name=clip_id, data=clip))
        producer.flush()
        answer = next((match for match in matches(reader, SILENCE_S) if match.clip_id == clip_id), None)
        if answer is None:
            raise TimeoutError(f"A clip was not answered in {SILENCE_S:g} s.")
        if answer.status == "matched" and answer.candidates[0].work_id == work.work_id:
            return (answer.created_at - started_us) / 1000.0, asked
    raise TimeoutError(f"{work.title} was not found by a thousand clips.")
