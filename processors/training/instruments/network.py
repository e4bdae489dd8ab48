"""The instrument network in torch: convolutions over bands and time, then all bands of a step together, and attention.

Small convolutions one after the other follow Simonyan and Zisserman, "Very deep convolutional networks for large-scale
image recognition", ICLR 2015, and Hershey et al., "CNN architectures for large-scale audio classification", ICASSP
2017; what is added to them between, He et al., "Deep residual learning for image recognition", CVPR 2016.
Attention over weakly labelled steps follows Kong et al., "PANNs: Large-scale pretrained audio neural networks for audio
pattern recognition", IEEE/ACM TASLP 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from processors.instruments.constants import BANDS
from processors.instruments.labels import LABELS

BLOCKS = ((32, 5, 2, 2, 0), (64, 3, 2, 2, 0), (128, 3, 1, 2, 0), (128, 3, 2, 2, 2), (256, 3, 1, 2, 1))
"""Channels, size, steps over time and bands of each convolution, and how many residuals follow it."""
BANDS_LEFT = BANDS // 32
HIDDEN = 320
MIDDLE, SPREAD = 0.35, 0.3
"""Of the levels of music, about."""


class Residual(nn.Module):
    """Two convolutions whose outcome is added to what they read; at first they add nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.added = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        nn.init.zeros_(self.added[-1].weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, frames, bands), to the same shape."""
        return torch.relu(x + self.added(x))


class InstrumentNetwork(nn.Module):
    """Levels to logits of each label, in each step and in the window."""

    def __init__(self, drop: float = 0.3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for channels, size, over_time, over_bands, residuals in BLOCKS:
            layers += [
                nn.Conv2d(before, channels, size, (over_time, over_bands), size // 2, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
                *(Residual(channels) for _ in range(residuals)),
            ]
            before = channels
        self.convolutions = nn.Sequential(*layers)
        self.steps = nn.Sequential(
            nn.Dropout(drop),
            nn.Conv1d(before * BANDS_LEFT, HIDDEN, 1),
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
            nn.Dropout(drop),
        )
        self.label = nn.Conv1d(HIDDEN, len(LABELS), 1)
        self.attention = nn.Conv1d(HIDDEN, len(LABELS), 1)
        nn.init.constant_(self.label.bias, -2.5)  # type: ignore[arg-type]

    def forward(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (batch, frames, BANDS) to logits (batch, labels) and (batch, frames // STEP_FRAMES, labels)."""
        x = self.convolutions(((levels.float() / 255.0 - MIDDLE) / SPREAD).unsqueeze(1))
        x = self.steps(x.permute(0, 1, 3, 2).flatten(1, 2))
        steps = self.label(x)
        weight = torch.softmax(torch.clamp(self.attention(x), -8.0, 8.0), 2)
        return (weight * steps).sum(2), steps.transpose(1, 2)
