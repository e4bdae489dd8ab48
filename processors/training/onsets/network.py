"""The onset network in torch.

Harmonics of each pitch become channels (as in Bittner et al., "A lightweight instrument-agnostic model for polyphonic
note transcription", ICASSP 2022), so that small filters over the pitch axis see whole tones. Time filters keep their
past as explicit state, so that a stream in pieces computes exactly what the whole clip computes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from processors.onsets.constants import (
    BINS,
    BINS_A_SEMITONE,
    FRAMES_A_STEP,
    LOWEST_BIN_PITCH,
    LOWEST_PITCH,
    PITCHES,
)

PITCH_HARMONICS = (0.5, 1, 2, 3, 4, 5, 6, 7, 8)
BASS_HARMONICS = (0.5, 1, 2, 3, 4)
FINE_HARMONICS = (1, 2, 3, 4)
BLOCKS = ((1, 1, 12), (2, 2, 19), (4, 0, 12))
"""Of each block: dilation in time, steps it looks ahead, dilation in pitch (an octave, a twelfth)."""


def _bin(harmonic: float, detune: int = 0) -> int:
    """The filter of a harmonic of the lowest pitch."""
    semitones = LOWEST_PITCH - LOWEST_BIN_PITCH + 12.0 * np.log2(harmonic)
    return round(float(semitones) * BINS_A_SEMITONE) + detune


class Harmonics(nn.Module):
    """Features (batch, steps, 4, BINS) to channels (batch, channels, steps, PITCHES): harmonics lie at their pitch."""

    def __init__(self) -> None:
        super().__init__()
        self.pitch = [_bin(h) for h in PITCH_HARMONICS] + [_bin(h, d) for h in (1, 2) for d in (-1, 1)]
        self.bass = [_bin(h) for h in BASS_HARMONICS] + [_bin(1, d) for d in (-1, 1)]
        self.fine = [_bin(h) for h in FINE_HARMONICS]
        self.channels = len(self.pitch) + len(self.bass) + FRAMES_A_STEP * (len(self.fine) + 1)
        self.padding = max(self.pitch) + PITCHES * BINS_A_SEMITONE - BINS

    def forward(self, features: Tensor) -> Tensor:
        """Gather the channels."""
        padded = nn.functional.pad(features, (0, self.padding))
        span = PITCHES * BINS_A_SEMITONE
        shifts = [(0, b) for b in self.pitch] + [(1, b) for b in self.bass]
        shifts += [(2 + frame, b) for frame in range(FRAMES_A_STEP) for b in self.fine]
        parts = [padded[:, :, row, first : first + span : BINS_A_SEMITONE] for row, first in shifts]
        loudness = features[:, :, 2:].mean(-1, keepdim=True)
        parts += [loudness[:, :, frame].expand(-1, -1, PITCHES) for frame in range(FRAMES_A_STEP)]
        return torch.stack(parts, 1)


class Block(nn.Module):
    """Residual: a dilated filter in time, one over octaves or twelfths, one over neighbouring pitches."""

    def __init__(self, width: int, dilation: int, ahead: int, interval: int) -> None:
        super().__init__()
        self.memory, self.ahead = 2 * dilation, ahead
        self.time = nn.Conv2d(width, width, (3, 1), dilation=(dilation, 1), bias=False)
        self.time_norm = nn.BatchNorm2d(width)
        self.interval = nn.Conv2d(width, width, (1, 3), dilation=(1, interval), padding=(0, interval), bias=False)
        self.interval_norm = nn.BatchNorm2d(width)
        self.near = nn.Conv2d(width, width, (1, 5), padding=(0, 2), bias=False)
        self.near_norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One piece; the output is ``ahead`` steps behind the input."""
        joined = torch.cat((state, x), 2)
        y = torch.relu(self.time_norm(self.time(joined)))
        y = torch.relu(self.interval_norm(self.interval(y)))
        y = self.near_norm(self.near(y))
        start = self.memory - self.ahead
        direct = joined[:, :, start : start + x.shape[2]]
        return torch.relu(direct + y), joined[:, :, -self.memory :]


class OnsetNetwork(nn.Module):
    """Features to logits of onsets, and of sounding notes as a second task that helps training.

    Attributes:
        delay: the output is so many steps behind the input.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.width = width
        self.delay = sum(ahead for _, ahead, _ in BLOCKS)
        self.harmonics = Harmonics()
        self.input_norm = nn.BatchNorm2d(self.harmonics.channels)
        self.stem = nn.Conv2d(self.harmonics.channels, width, (3, 1), bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        self.blocks = nn.ModuleList([Block(width, *block) for block in BLOCKS])
        self.onset = nn.Conv2d(width, FRAMES_A_STEP, 1)
        self.sounding = nn.Conv2d(width, 1, 1)
        nn.init.constant_(self.onset.bias, -4.0)  # type: ignore[arg-type]

    def initial_states(self, batch: int) -> list[Tensor]:
        """The states at the start of a stream."""
        memories = [(self.harmonics.channels, 2)] + [(self.width, 2 * dilation) for dilation, _, _ in BLOCKS]
        return [torch.zeros(batch, channels, memory, PITCHES) for channels, memory in memories]

    def forward(self, features: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Logits of onsets (batch, 2 * steps, PITCHES) and of sounding notes (batch, steps, PITCHES), new states."""
        x = self.input_norm(self.harmonics(features))
        joined = torch.cat((states[0], x), 2)
        after = [joined[:, :, -2:]]
        x = torch.relu(self.stem_norm(self.stem(joined)))
        for block, state in zip(self.blocks, states[1:], strict=True):
            x, kept = block(x, state)
            after.append(kept)
        onset = self.onset(x).transpose(1, 2).flatten(1, 2)
        return onset, self.sounding(x)[:, 0], after
