"""A sound input of this machine, through PortAudio; ``sounddevice`` and PortAudio are asked for only here."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from connectors.midi_ports import find_port
from schemas.events import now_us

DEFAULT = "default"
"""This name means the system's own choice."""
WAIT_S = 0.1
SILENT_S = 5.0
"""An input that gives nothing for so long, not even zeros, has gone away."""


class MicrophoneError(RuntimeError):
    """Sound cannot be taken in; the message says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A piece of what an input heard.

    Attributes:
        first: number of its first sample since the input was opened; a hole shows sound that was lost.
        samples: mono, float32.
        heard_at: when its last sample came, microseconds since the epoch.
    """

    first: int
    samples: NDArray[np.float32]
    heard_at: int


def microphone_names() -> list[str]:
    """The sound inputs that are there now.

    Raises:
        MicrophoneError: sounddevice or PortAudio is missing, or does not answer.
    """
    return [str(device["name"]) for device in _inputs()]


class Microphone:
    """Listens to a sound input while used as a context manager.

    Args:
        name: the input's name or a part of it, or ``default``.
        block_s: length of a block.
        queue_s: how much sound may wait to be worked on; what comes on top is lost.

    Attributes:
        name: the input that was found.
        sample_rate: Hz, the input's own.

    Raises:
        MicrophoneError: there is no such input, or it cannot be opened.
    """

    def __init__(self, name: str, block_s: float, queue_s: float) -> None:
        device = _find(name)
        self.name = str(device["name"])
        self.sample_rate = int(device["default_samplerate"])
        self._index = int(device["index"])
        self._block = max(1, round(block_s * self.sample_rate))
        self._waiting: queue.Queue[Block] = queue.Queue(max(1, round(queue_s / block_s)))
        self._taken = 0
        self._stream: Any = None

    def __enter__(self) -> Self:
        sounddevice = _sounddevice()
        try:
            self._stream = sounddevice.InputStream(
                device=self._index,
                samplerate=self.sample_rate,
                channels=1,
                dtype="float32",
                blocksize=self._block,
                callback=self._on_samples,
            )
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise MicrophoneError(f"The microphone {self.name!r} cannot be opened: {error}.") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: BaseException | TracebackType | None) -> None:
        # An input that went away cannot be closed in good order, and need not be.
        self._stream.close(ignore_errors=True)

    def blocks(self, stop: threading.Event) -> Iterator[Block]:
        """What is heard, until ``stop`` is set.

        Raises:
            MicrophoneError: the input went away.
        """
        heard_at_s = time.monotonic()
        while not stop.is_set():
            try:
                yield self._waiting.get(timeout=WAIT_S)
                heard_at_s = time.monotonic()
            except queue.Empty:
                if not self._stream.active or time.monotonic() - heard_at_s > SILENT_S:
                    raise MicrophoneError(
                        f"The microphone {self.name!r} went away. Plug it in again and start again."
                    ) from None

    def _on_samples(self, samples: NDArray[np.float32], count: int, _time: Any, _status: Any) -> None:
        """Called in PortAudio's own thread: must return at once."""
        block = Block(self._taken, samples[:, 0].copy(), now_us())
        self._taken += count
        try:
            self._waiting.put_nowait(block)
        except queue.Full:
            return  # the next block's number shows the hole


def _find(name: str) -> dict[str, Any]:
    inputs = _inputs()
    if name == DEFAULT:
        sounddevice = _sounddevice()
        number = sounddevice.default.device[0]
        chosen = [device for device in inputs if device["index"] == number]
    else:
        names = [str(device["name"]) for device in inputs]
        found = find_port(name, names)
        chosen = [] if found is None else [inputs[names.index(found)]]
    if not chosen:
        there = ", ".join(repr(str(device["name"])) for device in inputs) or "none"
        raise MicrophoneError(f"There is no microphone {name!r}; there are: {there}.")
    return chosen[0]


def _inputs() -> list[dict[str, Any]]:
    sounddevice = _sounddevice()
    try:
        devices = list(sounddevice.query_devices())
    except sounddevice.PortAudioError as error:
        raise MicrophoneError(f"The sound system of this machine does not answer: {error}.") from error
    return [device for device in devices if device["max_input_channels"] > 0]


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise MicrophoneError("A microphone needs sounddevice: `pip install 'continuo[microphone]'`.") from error
    except OSError as error:  # sounddevice is there, the library below it is not
        raise MicrophoneError(
            "A microphone needs the library PortAudio: on Debian and Ubuntu `apt-get install libportaudio2`."
        ) from error
    return sounddevice
