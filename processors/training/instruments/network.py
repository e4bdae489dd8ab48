"""The instrument network in torch: a small convolutional network over mel spectra, attention over its steps.

Attention over weakly labelled steps follows Kong et al., "PANNs: Large-scale pretrained audio neural networks for audio
pattern recognition", IEEE/ACM TASLP 2020.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from processors.instruments.constants import STEP_FRAMES
from processors.instruments.labels import LABELS

WIDTHS = (64, 96, 128, 160)
PATCH, STRIDE = (9, 9), (STEP_FRAMES, 4)
"""Frames and bands that the first layer sees at once, and from one patch to the next: one step of time, four bands.
Little memory is touched this way, which on a CPU costs more than arithmetic."""
HIDDEN = 192


class InstrumentNetwork(nn.Module):
    """Levels to logits of each label, in each step and in the window."""

    def __init__(self, drop: float = 0.2) -> None:
        super().__init__()
        margin = (PATCH[0] // 2, PATCH[1] // 2)
        self.patch = nn.Conv2d(1, WIDTHS[0], PATCH, STRIDE, margin, bias=False)
        self.patch_norm = nn.BatchNorm2d(WIDTHS[0])
        layers: list[nn.Module] = []
        for before, after in pairwise(WIDTHS):  # each halves the bands
            layers += [nn.Conv2d(before, after, 3, (1, 2), 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.drop = nn.Dropout(drop)
        self.time = nn.Conv1d(2 * WIDTHS[-1], HIDDEN, 3, padding=1)
        self.label = nn.Conv1d(HIDDEN, len(LABELS), 1)
        self.attention = nn.Conv1d(HIDDEN, len(LABELS), 1)
        nn.init.constant_(self.label.bias, -2.5)  # type: ignore[arg-type]

    def forward(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (batch, frames, BANDS) to logits (batch, labels) and (batch, frames // STEP_FRAMES, labels)."""
        x = (levels.float() / 255.0 - 0.35).unsqueeze(1) * 4.0
        x = self.layers(torch.relu(self.patch_norm(self.patch(x))))
        x = torch.cat((x.mean(3), x.amax(3)), 1)
        x = torch.relu(self.time(self.drop(x)))
        x = self.drop(x)
        steps = self.label(x)
        weight = torch.softmax(torch.clamp(self.attention(x), -8.0, 8.0), 2)
        return (weight * steps).sum(2), steps.transpose(1, 2)
