"""The live MIDI bridge: a keyboard, or a MIDI file played in time, into ``notes``."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mido

from connectors.midi_ports import LivePort
from connectors.note_session import BridgeError, BridgeReport, Gesture, NoteSession
from connectors.producer import EventProducer
from connectors.settings import Settings
from connectors.tracing import sampled_traceparent
from schemas.events import NoteEvent

SUSTAIN_PEDAL = 64
WAIT_S = 0.1


def gesture_of(message: mido.Message) -> Gesture | None:
    """The note or sustain pedal in a MIDI message; None for anything else."""
    if message.type == "note_on" and message.velocity > 0:
        return Gesture("note_on", message.note, message.velocity, message.channel)
    if message.type in ("note_on", "note_off"):
        return Gesture("note_off", message.note, message.velocity, message.channel)
    if message.type == "control_change" and message.control == SUSTAIN_PEDAL:
        return Gesture("pedal", 0, message.value, message.channel)
    return None


class MidiBridge:
    """One session of one player.

    Args:
        settings: limits of the queue.
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
        self._settings = settings
        self._session = NoteSession(
            producer,
            source_id,
            session_id,
            on_state,
            settings.bridge.queue_events,
            sampled_traceparent(settings.tracing),
        )
        self._on_state = on_state

    def play_file(self, path: Path, stop: threading.Event, speed: float = 1.0) -> BridgeReport:
        """Play a MIDI file; the source's clock is the file's, running ``speed`` times as fast as ours.

        Args:
            path: a Standard MIDI File.
            stop: ends the playing early.
            speed: 1 for real time, more for faster, ``inf`` for as fast as Kafka takes it.

        Raises:
            BridgeError: the file cannot be read.
            DeliveryError: Kafka did not take an event.
            KafkaUnavailableError, RegistryError: as ``EventProducer.require``.
        """
        self._session.require()
        started = time.perf_counter()
        for time_s, gesture in self._gestures(path):
            wait_s = time_s / speed - (time.perf_counter() - started)
            if stop.wait(wait_s) if wait_s > 0 else stop.is_set():
                break
            self._session.send(self._session.event(gesture, time_s))
        self._session.flush()
        return self._session.report()

    def follow_port(
        self, name: str, stop: threading.Event, *, virtual: bool = False, api: str | None = None
    ) -> BridgeReport:
        """Follow a MIDI port until ``stop`` is set; a port that goes away is waited for.

        The player is never held up: when Kafka is away for longer than the queue lasts, events are lost, counted
        and told of, and their sequence numbers are missing in the topic.

        Args:
            name: the port, or the virtual port to offer.
            stop: ends the session.
            virtual: offer a port of our own.
            api: the MIDI system (``midi_ports.api_names``).

        Raises:
            MidiPortError: the MIDI system does not answer.
            KafkaUnavailableError, RegistryError: as ``EventProducer.require``, before the port is opened.
        """
        self._session.require()
        waiting: queue.Queue[NoteEvent] = queue.Queue(self._settings.bridge.queue_events)
        started = time.perf_counter()

        def on_message(message: mido.Message, heard_at: float) -> None:
            gesture = gesture_of(message)
            if gesture is None:
                return
            event = self._session.event(gesture, heard_at - started)
            try:
                waiting.put_nowait(event)
            except queue.Full:
                self._session.found_no_room()

        port = LivePort(
            name, on_message, self._on_state, virtual=virtual, api=api, rescan_s=self._settings.bridge.rescan_s
        )
        with port:
            while not stop.is_set():
                self._forward(waiting)
        while not waiting.empty():
            self._forward(waiting)
        self._session.try_to_flush()
        return self._session.report()

    def _forward(self, waiting: queue.Queue[NoteEvent]) -> None:
        try:
            event = waiting.get(timeout=WAIT_S)
        except queue.Empty:
            self._session.try_to_poll()
        else:
            self._session.try_to_send(event)

    def _gestures(self, path: Path) -> Iterator[tuple[float, Gesture]]:
        limit = self._settings.limits.midi_max_bytes
        if path.exists() and path.stat().st_size > limit:
            raise BridgeError(f"{path} is larger than {limit} bytes (the setting limits.midi_max_bytes).")
        time_s = 0.0
        try:
            for message in mido.MidiFile(path):
                time_s += message.time
                gesture = gesture_of(message)
                if gesture is not None:
                    yield time_s, gesture
        except OSError as error:
            raise BridgeError(f"{path} cannot be read as MIDI: {error}.") from error
        except (EOFError, ValueError, TypeError, KeyError, IndexError) as error:  # mido's way to say damaged
            raise BridgeError(f"{path} is damaged or no MIDI file: {error or type(error).__name__}.") from error
