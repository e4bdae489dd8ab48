"""One SoundFont that plays one instrument at a time, dry, through FluidSynth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.instruments.constants import SAMPLE_RATE
from processors.notes import Notes

from .programs import Program

CHANNEL, DRUMS, DRUM_BANK = 0, 9, 128
MODULATION, VOLUME, EXPRESSION = 1, 7, 11
SWELL_STEP_S = 0.05
SETTLE = 2048
"""Samples in which notes of the passage before die away."""


class Synth:
    """Plays a SoundFont, or a folder that holds one for each program: ``040.sf3``, and ``128.sf3`` for drums.

    Not thread-safe; each process has its own.
    """

    def __init__(self, path: Path) -> None:
        import fluidsynth

        self.name = path.name if path.is_dir() else path.stem
        self._path = path
        self._fonts: dict[Path, int] = {}
        self._synth: Any = fluidsynth.Synth(gain=0.5, samplerate=float(SAMPLE_RATE))
        for effect in ("synth.reverb.active", "synth.chorus.active"):
            self._synth.setting(effect, 0)
        if not path.is_dir():
            self._font(path)

    def has(self, program: Program) -> bool:
        """Whether the font holds this patch itself; FluidSynth would play another in its place."""
        path = self._file(program)
        if not path.exists():
            return False
        return self._synth.sfpreset_name(self._font(path), program.bank, program.number) is not None

    def _file(self, program: Program) -> Path:
        if not self._path.is_dir():
            return self._path
        return self._path / f"{DRUM_BANK if program.bank == DRUM_BANK else program.number:03d}.sf3"

    def _font(self, path: Path) -> int:
        """The number of a file that is loaded, once, when it is first asked for."""
        if path not in self._fonts:
            self._fonts[path] = self._synth.sfload(str(path))
        if self._fonts[path] < 0:
            raise ValueError(f"FluidSynth cannot read the SoundFont {path}.")
        return self._fonts[path]

    def play(
        self, notes: Notes, program: Program, length_s: float, rng: np.random.Generator, swells: bool, vibrato: bool
    ) -> NDArray[np.float32]:
        """``notes`` on a patch; of bank ``DRUM_BANK`` on the drum channel. Mono float32 samples at ``SAMPLE_RATE``."""
        channel = DRUMS if program.bank == DRUM_BANK else CHANNEL
        self._synth.system_reset()
        self._synth.get_samples(SETTLE)
        self._synth.program_select(channel, self._font(self._file(program)), program.bank, program.number)
        self._synth.cc(channel, VOLUME, 110)
        if channel == CHANNEL:
            self._synth.pitch_bend(channel, int(np.clip(rng.normal(0.0, 600.0), -1800, 1800)))
        if vibrato:
            self._synth.cc(channel, MODULATION, int(rng.choice([0, 0, 40, 80, 120])))
        events: list[tuple[float, str, tuple[int, ...]]] = []
        for onset_s, held_s, pitch, velocity in zip(
            notes.onset_s, notes.duration_s, notes.pitch, notes.velocity, strict=True
        ):
            events.append((float(onset_s), "noteon", (channel, int(pitch), int(velocity))))
            events.append((float(onset_s + max(held_s, 0.05)), "noteoff", (channel, int(pitch))))
        if swells:
            events += _swell(channel, length_s, rng)
        events.sort(key=lambda event: event[0])
        parts: list[NDArray[np.int16]] = []
        done, end = 0, int(length_s * SAMPLE_RATE)
        for time_s, action, arguments in events:
            until = min(int(time_s * SAMPLE_RATE), end)
            if until > done:
                parts.append(self._synth.get_samples(until - done))
                done = until
            getattr(self._synth, action)(*arguments)
        parts.append(self._synth.get_samples(max(end - done, 0)))
        stereo = np.concatenate(parts).reshape(-1, 2).astype(np.float32)
        return np.asarray(stereo.mean(axis=1) / np.float32(32768.0), np.float32)


def _swell(channel: int, length_s: float, rng: np.random.Generator) -> list[tuple[float, str, tuple[int, ...]]]:
    """Expression that rises and falls."""
    time_s = np.arange(0.0, length_s, SWELL_STEP_S)
    curve = 0.5 + 0.5 * np.sin(2.0 * np.pi * (time_s / rng.uniform(0.8, 6.0) + rng.random()))
    least = rng.uniform(0.3, 0.9)
    value = np.clip(127.0 * (least + (1.0 - least) * curve), 1, 127)
    return [(float(t), "cc", (channel, EXPRESSION, int(v))) for t, v in zip(time_s, value, strict=True)]
