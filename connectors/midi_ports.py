"""A MIDI input that may go away and come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import mido
import rtmidi

CLIENT_NAME = "continuo"
API_PREFIX = "API_"


class MidiPortError(RuntimeError):
    """MIDI ports cannot be used; the message says why."""


def api_names() -> list[str]:
    """The MIDI systems that can be used here, for example ``linux_alsa`` and ``unix_jack``."""
    compiled = set(rtmidi.get_compiled_api())
    names = [name for name in dir(rtmidi) if name.startswith(API_PREFIX) and getattr(rtmidi, name) in compiled]
    return sorted(name.removeprefix(API_PREFIX).lower() for name in names)


def port_names(api: str | None = None) -> list[str]:
    """The inputs that are there now.

    Raises:
        MidiPortError: the MIDI system does not answer.
    """
    midi_in = _midi_in(api)
    try:
        return list(midi_in.get_ports())
    finally:
        midi_in.delete()


def find_port(wanted: str, names: list[str]) -> str | None:
    """The port that ``wanted`` means: the same name, else the first one that contains it.

    A part of the name is the safer choice: systems append numbers that change when a keyboard is plugged in again.
    """
    if wanted in names:
        return wanted
    return next((name for name in names if wanted.lower() in name.lower()), None)


class LivePort:
    """Listens to a MIDI input while used as a context manager; a port that is not there is waited for.

    Args:
        name: the port's name or a part of it; for a virtual port the name it gets.
        on_message: called with each message and the moment it came (``time.perf_counter``), from
            the MIDI system's own thread: it must return at once.
        on_state: called with a sentence when the port is opened, lost or missing.
        virtual: offer a port of our own instead of listening to another's.
        api: one of ``api_names``; by default the first with any ports.
        rescan_s: how often is looked whether the port went away or came back.

    Raises:
        MidiPortError: on entering, when the MIDI system does not answer.
    """

    def __init__(
        self,
        name: str,
        on_message: Callable[[mido.Message, float], None],
        on_state: Callable[[str], None],
        *,
        virtual: bool = False,
        api: str | None = None,
        rescan_s: float = 1.0,
    ) -> None:
        self._wanted = name
        self._on_message = on_message
        self._on_state = on_state
        self._virtual = virtual
        self._api = api
        self._rescan_s = rescan_s
        self._midi_in: Any = None
        self._opened: str | None = None
        self._told = ""
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="midi-port", daemon=True)

    def __enter__(self) -> Self:
        self._open()
        if not self._virtual:
            self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: BaseException | TracebackType | None) -> None:
        self._stop.set()
        if self._watcher.is_alive():
            self._watcher.join()
        self._close()

    def _watch(self) -> None:
        while not self._stop.wait(self._rescan_s):
            try:
                if self._midi_in is not None and self._opened not in self._midi_in.get_ports():
                    self._close()
                    self._tell(f"{self._opened} went away; waiting for it to come back.")
                if self._midi_in is None:
                    self._open()
            except MidiPortError as error:
                self._tell(str(error))

    def _open(self) -> None:
        midi_in = _midi_in(self._api)
        try:
            if self._virtual:
                midi_in.open_virtual_port(self._wanted)
                self._opened = self._wanted
            else:
                names = midi_in.get_ports()
                found = find_port(self._wanted, names)
                if found is None:
                    midi_in.delete()
                    if self._opened is None:
                        self._tell(
                            f"Waiting for a port called {self._wanted!r}; there are: {', '.join(names) or 'none'}."
                        )
                    return
                midi_in.open_port(names.index(found))
                self._opened = found
        except rtmidi.RtMidiError as error:
            midi_in.delete()
            raise MidiPortError(f"The MIDI port {self._wanted!r} cannot be opened: {error}.") from error
        midi_in.ignore_types(sysex=True, timing=True, active_sense=True)
        midi_in.set_callback(self._callback)
        self._midi_in = midi_in
        self._tell(f"Listening to {self._opened}.")

    def _close(self) -> None:
        if self._midi_in is not None:
            self._midi_in.cancel_callback()
            self._midi_in.close_port()
            self._midi_in.delete()
            self._midi_in = None

    def _callback(self, event: tuple[list[int], float], _: Any) -> None:
        heard_at = time.perf_counter()
        try:
            message = mido.Message.from_bytes(event[0])
        except ValueError:  # bytes that are no MIDI carry no note
            return
        self._on_message(message, heard_at)

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            self._on_state(sentence)


def _midi_in(api: str | None) -> Any:
    if api is not None and api not in api_names():
        raise MidiPortError(f"There is no MIDI system {api!r} here; there are: {', '.join(api_names())}.")
    number = rtmidi.API_UNSPECIFIED if api is None else getattr(rtmidi, API_PREFIX + api.upper())
    try:
        return rtmidi.MidiIn(rtapi=number, name=CLIENT_NAME)
    except rtmidi.RtMidiError as error:
        raise MidiPortError(f"The MIDI system {api or 'of this machine'} does not answer: {error}") from error
