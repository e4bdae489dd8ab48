"""Rendering notes with SoundFonts through FluidSynth.

Check one note of every program of a font before training on it: some fonts hold programs that sound an octave or a
third off. ``PROGRAMS`` lists those General MIDI programs that were in tune in all fonts used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes
from processors.onsets.constants import SAMPLE_RATE

PIANOS = (0, 1, 3)
PLUCKED = (4, 5, 6, 7, 8, 10, 11, 12, 13, 24, 25, 26, 45, 46)
SUSTAINED = (19, 21, 40, 41, 42, 48, 52, 53, 56, 57, 58, 60, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75)
PEDAL, MODULATION, EXPRESSION = 64, 1, 11
DRUM_CHANNEL = 9


class SoundFont:
    """One SoundFont in one synthesiser; not thread-safe."""

    def __init__(self, path: Path) -> None:
        import fluidsynth

        self._synth: Any = fluidsynth.Synth(gain=0.4, samplerate=float(SAMPLE_RATE))
        self._font = self._synth.sfload(str(path))
        if self._font < 0:
            raise ValueError(f"FluidSynth cannot read the SoundFont {path}.")

    def render(
        self,
        notes: Notes,
        length_s: float,
        programs: tuple[int, ...],
        rng: np.random.Generator,
        pedal: bool = False,
        drums: bool = False,
        tuning_cents: float = 0.0,
    ) -> NDArray[np.float32]:
        """Play ``notes``; of several programs each takes a range of pitches.

        Returns:
            mono samples at ``SAMPLE_RATE``, float32, about within [-1, 1].
        """
        self._reset()
        for channel, program in enumerate(programs):
            self._synth.program_select(channel, self._font, 0, program)
            self._tune(channel, tuning_cents)
            if program in SUSTAINED:
                self._synth.cc(channel, MODULATION, int(rng.choice([0, 40, 90, 127])))
                self._synth.cc(channel, EXPRESSION, int(rng.integers(80, 128)))
        parts: list[NDArray[np.int16]] = []
        done = 0
        for time_s, action in sorted(self._events(notes, length_s, len(programs), rng, pedal, drums), key=_when):
            until = min(int(time_s * SAMPLE_RATE), int(length_s * SAMPLE_RATE))
            if until > done:
                parts.append(self._synth.get_samples(until - done))
                done = until
            getattr(self._synth, action[0])(*action[1:])
        parts.append(self._synth.get_samples(max(int(length_s * SAMPLE_RATE) - done, 0)))
        stereo = np.concatenate(parts).reshape(-1, 2)
        return (stereo.astype(np.float32) @ np.array([0.5, 0.5], np.float32)) / np.float32(32768.0)

    def _tune(self, channel: int, cents: float) -> None:
        """Registered parameter 1, channel fine tuning: 14 bits for -100 to 100 cents."""
        value = round((cents + 100.0) / 200.0 * 16383)
        for control, setting in ((101, 0), (100, 1), (6, value >> 7), (38, value & 127)):
            self._synth.cc(channel, control, setting)

    def _reset(self) -> None:
        self._synth.system_reset()
        self._synth.get_samples(256)

    def _events(
        self, notes: Notes, length_s: float, parts: int, rng: np.random.Generator, pedal: bool, drums: bool
    ) -> list[tuple[float, tuple[Any, ...]]]:
        events: list[tuple[float, tuple[Any, ...]]] = []
        edges = np.sort(rng.choice(np.arange(45, 80), parts - 1, replace=False)) if parts > 1 else np.zeros(0)
        for i in range(len(notes)):
            pitch = int(notes.pitch[i])
            channel = int(np.searchsorted(edges, pitch, side="right"))
            events.append((float(notes.onset_s[i]), ("noteon", channel, pitch, int(notes.velocity[i]))))
            events.append((float(notes.onset_s[i] + notes.duration_s[i]), ("noteoff", channel, pitch)))
        if pedal:
            time_s = 0.0
            while time_s < length_s:
                events.append((time_s + 0.05, ("cc", 0, PEDAL, 127)))
                time_s += rng.uniform(0.3, 2.5)
                events.append((time_s, ("cc", 0, PEDAL, 0)))
        if drums:
            self._synth.program_select(DRUM_CHANNEL, self._font, 128, 0)
            beat_s = rng.uniform(0.12, 0.35)
            for k in range(int(length_s / beat_s)):
                if rng.random() < 0.6:
                    sound = int(rng.choice([35, 36, 38, 40, 42, 46, 49]))
                    events.append((k * beat_s, ("noteon", DRUM_CHANNEL, sound, int(rng.integers(30, 110)))))
        return events


def _when(event: tuple[float, tuple[Any, ...]]) -> float:
    return event[0]
