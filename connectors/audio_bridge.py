"""The live audio bridge: a microphone, or a sound file played in time, heard here, into ``notes`` as notes.

The transcriber runs at the edge, as a stream: its state is carried from block to block, no window is computed twice,
and only notes travel. Everything that listens to keys so listens to sound.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import soundfile

from connectors.microphone import Block, Microphone
from connectors.note_session import BridgeError, BridgeReport, Gesture, NoteSession
from connectors.producer import EventProducer
from connectors.settings import Settings
from connectors.tracing import sampled_traceparent
from processors.midi import BadMusicError
from processors.notes import Notes
from processors.onsets import Transcriber
from schemas.events import NoteEvent, now_us


class AudioBridge:
    """One session of one player who is heard. Only note-ons are sent: neither ends nor velocities are estimated.

    Args:
        settings: length of the blocks, limits of the queues.
        producer: takes the events.
        source_id: names the player.
        session_id: names this session; a fresh id by default.
        on_state: called with a sentence when something happens that a person should know.
    """

    def __init__(
        self,
        settings: Settings,
        producer: EventProducer,
        source_id: str,
        session_id: str | None = None,
        on_state: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._settings = settings.bridge
        self._session = NoteSession(
            producer,
            source_id,
            session_id,
            on_state,
            settings.bridge.queue_events,
            sampled_traceparent(settings.tracing),
        )
        self._on_state = on_state
        self._transcriber = Transcriber()
        self._transcriber.warm_up()

    def play_file(self, path: Path, stop: threading.Event, speed: float = 1.0) -> BridgeReport:
        """Play a sound file of any length; the source's clock is the file's, running ``speed`` times as fast as ours.

        Each block is heard when a microphone would have it whole.

        Args:
            path: WAV, FLAC, OGG, MP3, ...
            stop: ends the playing early.
            speed: 1 for real time, more for faster, ``inf`` for as fast as it goes.

        Raises:
            BridgeError: the file cannot be read.
            DeliveryError: Kafka did not take an event.
            KafkaUnavailableError, RegistryError: as ``EventProducer.require``.
        """
        self._session.require()
        try:
            with soundfile.SoundFile(path) as file:
                for event in self._heard(_blocks(file, self._settings.block_s, speed, stop), file.samplerate, speed):
                    self._session.send(event)
        except soundfile.SoundFileError as error:
            raise BridgeError(f"{path} cannot be read as sound: {error}") from error
        except BadMusicError as error:
            raise BridgeError(f"{path} cannot be analysed: {error}") from error
        self._session.flush()
        return self._session.report()

    def follow_microphone(self, name: str, stop: threading.Event) -> BridgeReport:
        """Listen to a sound input until ``stop`` is set.

        When this machine or Kafka is too slow for longer than the queues last, sound or events are lost; that is told
        of, and events' times go on as the input's clock does.

        Args:
            name: the input, a part of its name, or ``default``.
            stop: ends the session.

        Raises:
            MicrophoneError: there is no such input, or it went away.
            KafkaUnavailableError, RegistryError: as ``EventProducer.require``, before the input is opened.
        """
        self._session.require()
        with Microphone(name, self._settings.block_s, self._settings.queue_s) as microphone:
            self._on_state(f"Listening to {microphone.name}.")
            for event in self._heard(self._polled(microphone.blocks(stop)), microphone.sample_rate, 1.0):
                self._session.try_to_send(event)
        self._session.try_to_flush()
        return self._session.report()

    def _polled(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """The blocks; after each, failed deliveries are heard of also while nothing is played."""
        for block in blocks:
            yield block
            self._session.try_to_poll()

    def _heard(self, blocks: Iterator[Block], sample_rate: int, speed: float) -> Iterator[NoteEvent]:
        """The notes in blocks of one source, as soon as they are certain; after the last block, those that are left."""
        stream = self._transcriber.stream(sample_rate)
        taken, lost, heard_at = 0, 0, now_us()
        for block in blocks:
            if block.first - taken > lost:
                lost = block.first - taken
                self._on_state(f"{lost / sample_rate:.1f} s of sound are lost so far: this machine is too slow for it.")
            taken += len(block.samples)
            heard_at = block.heard_at
            yield from self._events(stream.add(block.samples), taken, lost, heard_at, sample_rate, speed)
        yield from self._events(stream.finish(), taken, lost, heard_at, sample_rate, speed)

    def _events(
        self, notes: Notes, taken: int, lost: int, heard_at: int, sample_rate: int, speed: float
    ) -> Iterator[NoteEvent]:
        """Events of notes within the first ``taken`` samples, the last of which came at ``heard_at``."""
        for onset_s, pitch, velocity in zip(notes.onset_s, notes.pitch, notes.velocity, strict=True):
            ago_s = max(taken / sample_rate - float(onset_s), 0.0) / speed
            gesture = Gesture("note_on", int(pitch), int(velocity), medium="sound")
            yield self._session.event(gesture, float(onset_s) + lost / sample_rate, heard_at - int(ago_s * 1e6))


def _blocks(file: soundfile.SoundFile, block_s: float, speed: float, stop: threading.Event) -> Iterator[Block]:
    """The blocks of a file, each when it has been played."""
    started, first = time.perf_counter(), 0
    for channels in file.blocks(max(1, round(block_s * file.samplerate)), dtype="float32", always_2d=True):
        wait_s = (first + len(channels)) / file.samplerate / speed - (time.perf_counter() - started)
        if stop.wait(wait_s) if wait_s > 0 else stop.is_set():
            return
        yield Block(first, channels.mean(axis=1), now_us())
        first += len(channels)
