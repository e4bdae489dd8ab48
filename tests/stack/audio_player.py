"""Plays a sound file into JACK when told to by a line on standard input, for the test of the microphone."""

from __future__ import annotations

import sys
import threading

import numpy as np
import sounddevice
import soundfile

PLAYING = threading.Event()
samples, rate_hz = soundfile.read(sys.argv[1], dtype="float32")
left = samples


def on_need(out: np.ndarray, count: int, _time: object, _status: object) -> None:
    global left
    part = left[:count] if PLAYING.is_set() else left[:0]
    out[:] = 0.0
    out[: len(part), 0] = part
    left = left[len(part) :]


apis = {api["name"]: api for api in sounddevice.query_hostapis()}
device = apis["JACK Audio Connection Kit"]["default_output_device"]
with sounddevice.OutputStream(device=device, channels=1, samplerate=rate_hz, callback=on_need):
    print("ready", flush=True)
    sys.stdin.readline()
    PLAYING.set()
    sys.stdin.readline()
