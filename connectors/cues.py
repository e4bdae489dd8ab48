"""Triggers as cues for lights and visuals, by OSC and as MIDI notes: sent at once, or not at all when late."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import mido
from pythonosc.udp_client import SimpleUDPClient

from connectors.midi_ports import MidiPortError, find_port
from connectors.settings import CueSettings
from schemas.rhythm import Trigger

NOTE_S = 0.1
VELOCITY = 100


class Cue(Protocol):
    """A way out."""

    def send(self, trigger: Trigger, now_s: float) -> None:
        """Send the cue of a trigger."""
        ...

    def tick(self, now_s: float) -> None:
        """Do what has fallen due."""
        ...


class OscCue:
    """OSC by UDP: the rule's name, the error type, beat, section, tempo and the source."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._client = SimpleUDPClient(host, port)
        self._address = address

    def send(self, trigger: Trigger, now_s: float) -> None:
        values = [trigger.trigger, trigger.error_type, trigger.beat, trigger.section, trigger.tempo, trigger.source_id]
        self._client.send_message(self._address, values)

    def tick(self, now_s: float) -> None:
        """Nothing is ever left to do."""


class MidiCue:
    """A note for each trigger, chosen by its error type.

    Args:
        send: takes the messages; ``open_midi`` gives one.
    """

    def __init__(self, send: Callable[[mido.Message], None], settings: CueSettings) -> None:
        self._send = send
        self._channel = settings.midi_channel
        self._notes = settings.midi_notes
        self._sounding: dict[int, float] = {}

    def send(self, trigger: Trigger, now_s: float) -> None:
        note = self._notes.get(trigger.error_type)
        if note is None:
            return
        self._send(mido.Message("note_on", note=note, velocity=VELOCITY, channel=self._channel))
        self._sounding[note] = now_s + NOTE_S

    def tick(self, now_s: float) -> None:
        for note in [note for note, end_s in self._sounding.items() if end_s <= now_s]:
            self._send(mido.Message("note_off", note=note, channel=self._channel))
            del self._sounding[note]


@dataclass(slots=True)
class Cues:
    """All ways out.

    Attributes:
        sent: cues that went out.
        late: triggers that came too late and were dropped.
    """

    ways: list[Cue]
    late_ms: float
    sent: int = 0
    late: int = field(default=0)

    def take(self, trigger: Trigger, now_s: float | None = None) -> bool:
        """Send the cues of a trigger now; says whether it was in time."""
        now_s = time.time() if now_s is None else now_s
        if (now_s - trigger.due_at / 1e6) * 1000.0 > self.late_ms:
            self.late += 1
            return False
        for way in self.ways:
            way.send(trigger, now_s)
        self.sent += 1
        return True

    def tick(self) -> None:
        """Let every way do what has fallen due; call it often."""
        for way in self.ways:
            way.tick(time.time())


def open_midi(name: str) -> Callable[[mido.Message], None]:
    """A MIDI output by a part of its name.

    Raises:
        MidiPortError: there is none, or the MIDI system does not answer.
    """
    try:
        names = mido.get_output_names()
        found = find_port(name, names)
        if found is None:
            raise MidiPortError(f"There is no MIDI output like {name!r}; there are {', '.join(names) or 'none'}.")
        port = mido.open_output(found)
    except (OSError, RuntimeError) as error:
        raise MidiPortError(f"The MIDI system does not answer: {error}.") from error
    send: Callable[[mido.Message], None] = port.send
    return send
