"""What is fed: each kind of input with wholes to be damaged, and the code that meets it first."""

from __future__ import annotations

import atexit
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import soundfile

from connectors.batches import BatchReader
from connectors.music_limits import music_limits
from connectors.settings import Settings
from connectors.sinks.redis_sink import BULK_FIELDS
from processors.audio import decode_audio
from processors.identify import Catalogue, CatalogueError, Identifier, WorkEntry
from processors.identify_music import MusicIdentifier
from processors.midi import BadMusicError, read_score, write_midi
from processors.notes import Notes
from schemas.codec import HEADER, MAGIC, UndecodableError, decode, parsed_schema, schema_text
from schemas.event_classes import EVENT_CLASSES

SCHEMA_ID = 1
RATE_HZ = 16_000
SOUND_S = 0.25
WORKS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of input.

    Attributes:
        wholes: inputs that are right.
        feed: takes one input; what is refused as it should be returns False, anything else that is raised is a finding.
    """

    wholes: list[bytes]
    feed: Callable[[bytes], bool]


def _midi() -> Target:
    works = _works()
    identifier = Identifier(small_catalogue(_folder()))
    music = MusicIdentifier(music_limits(Settings().limits))

    def feed(data: bytes) -> bool:
        try:
            read_score(data)
            music.identify(identifier, music.read("midi", data), 0.0, 10.0)
        except BadMusicError:
            return False
        return True

    return Target([write_midi(work.notes) for work in works] + [write_midi(works[0].notes.between(0.0, 3.0))], feed)


def _audio() -> Target:
    limits = music_limits(Settings().limits).audio
    sound = np.sin(np.arange(int(RATE_HZ * SOUND_S)) * 0.17).astype(np.float32) * 0.5
    wholes = []
    for kind in ("WAV", "FLAC", "OGG", "MP3", "AIFF"):
        file = io.BytesIO()
        soundfile.write(file, np.stack([sound, sound], 1), RATE_HZ, format=kind)
        wholes.append(file.getvalue())

    def feed(data: bytes) -> bool:
        try:
            decode_audio(data, limits)
        except BadMusicError:
            return False
        return True

    return Target(wholes, feed)


def _avro() -> Target:
    topics = sorted(EVENT_CLASSES)
    readers = {topic: BatchReader(topic, fields) for topic, fields in BULK_FIELDS.items()}
    rng = np.random.default_rng(0)

    def feed(data: bytes) -> bool:
        """The first byte says which topic it came from, and by which writer's schema it is read."""
        topic, writer = topics[data[0] % len(topics)] if data else topics[0], topics[sum(data[:9]) % len(topics)]
        value = data[1:]
        if topic in readers:
            records = readers[topic].read([value], SCHEMA_ID)
            if records is not None:
                json.loads(records.json()[0])
        known = False
        for schema in (topic, writer):
            try:
                decode(topic, value, lambda _, schema=schema: parsed_schema(schema))  # type: ignore[misc]
                known = True
            except UndecodableError:
                pass
        return known

    wholes = []
    for number, topic in enumerate(topics):
        for _ in range(4):
            out = io.BytesIO(HEADER.pack(MAGIC, SCHEMA_ID))
            out.seek(HEADER.size)
            fastavro.schemaless_writer(out, parsed_schema(topic), _some(json.loads(schema_text(topic)), rng))
            wholes.append(bytes([number]) + out.getvalue())
    return Target(wholes, feed)


def _index() -> Target:
    folder, works = _folder(), _works()
    small_catalogue(folder)
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.stat().st_size)
    clip = works[0].notes.between(5.0, 12.0)
    wholes = [bytes([number]) + file.read_bytes() for number, file in enumerate(files)]

    def feed(data: bytes) -> bool:
        """The first byte says which file of the folder it is."""
        number = data[0] % len(files) if data else 0
        file = files[number]
        file.write_bytes(data[1:])
        try:
            catalogue = Catalogue.open(folder)
            catalogue.verify()
            Identifier(catalogue).identify(clip)
        except CatalogueError:
            return False
        finally:
            file.unlink()  # what is mapped stays as it is
            file.write_bytes(wholes[number][1:])
        return True

    return Target(wholes, feed)


KINDS: dict[str, Callable[[], Target]] = {"midi": _midi, "audio": _audio, "avro": _avro, "index": _index}


def small_catalogue(folder: Path) -> Catalogue:
    """A catalogue of a few small works."""
    return Catalogue.build(folder, _works())


def _folder() -> Path:
    """A folder that is gone when the process ends well."""
    folder = Path(tempfile.mkdtemp(prefix="continuo-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _works() -> list[WorkEntry]:
    works = []
    for number in range(WORKS):
        rng = np.random.default_rng(number)
        onset_s = np.cumsum(rng.choice([0.1, 0.2, 0.3], 100))
        pitch = np.clip(60 + np.cumsum(rng.integers(-4, 5, 100)), 36, 84)
        notes = Notes.of(onset_s, pitch, np.full(100, 0.1))
        works.append(WorkEntry(f"work-{number}", f"Study {number}", "Nobody", f"{number}.mid", notes))
    return works


def _some(schema: Any, rng: np.random.Generator) -> Any:
    """Any value of an Avro schema."""
    if isinstance(schema, list):
        return _some(schema[int(rng.integers(len(schema)))], rng)
    if isinstance(schema, dict):
        kind = schema["type"]
        if kind == "record":
            return {field["name"]: _some(field["type"], rng) for field in schema["fields"]}
        if kind == "array":
            return [_some(schema["items"], rng) for _ in range(int(rng.integers(4)))]
        return str(rng.choice(schema["symbols"])) if kind == "enum" else _some(kind, rng)
    values: dict[str, Any] = {
        "null": None,
        "string": "Prélude" * int(rng.integers(3)),
        "bytes": rng.bytes(20),
        "boolean": bool(rng.integers(2)),
        "int": int(rng.integers(-1000, 1000)),
        "long": int(rng.integers(0, 1 << 50)),
        "float": float(rng.normal()),
        "double": float(rng.normal()),
    }
    return values[schema]
