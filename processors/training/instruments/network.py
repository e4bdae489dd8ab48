"""The instrument network in torch: a small convolutional network over mel spectra, attention over its steps.

Attention over weakly labelled steps follows Kong et al., "PANNs: Large-scale pretrained audio neural networks for audio
pattern recognition", IEEE/ACM TASLP 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from processors.instruments.labels import LABELS

WIDTHS = (32, 48, 64, 96, 128)
STRIDES = ((4, 2), (2, 2), (1, 2), (1, 2), (1, 2))
"""Of the stem and each block, over frames and over bands: 128 by 128 become 16 by 4. Most is thinned out at once, where
memory costs more than arithmetic."""
HIDDEN = 192


class Block(nn.Module):
    """Two filters, the first of which thins out."""

    def __init__(self, before: int, after: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.thin = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.thin_norm = nn.BatchNorm2d(after)
        self.deepen = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.deepen_norm = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, before, frames, bands) to (batch, after, fewer frames, fewer bands)."""
        y = torch.relu(self.thin_norm(self.thin(x)))
        return torch.relu(y + self.deepen_norm(self.deepen(y)))


class InstrumentNetwork(nn.Module):
    """Levels to logits of each label, in each step and in the window."""

    def __init__(self, drop: float = 0.2) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, WIDTHS[0], (7, 5), STRIDES[0], (3, 2), bias=False)
        self.stem_norm = nn.BatchNorm2d(WIDTHS[0])
        pairs = zip(WIDTHS[:-1], WIDTHS[1:], STRIDES[1:], strict=True)
        self.blocks = nn.Sequential(*(Block(before, after, stride) for before, after, stride in pairs))
        self.drop = nn.Dropout(drop)
        self.time = nn.Conv1d(2 * WIDTHS[-1], HIDDEN, 3, padding=1)
        self.label = nn.Conv1d(HIDDEN, len(LABELS), 1)
        self.attention = nn.Conv1d(HIDDEN, len(LABELS), 1)
        nn.init.constant_(self.label.bias, -2.5)  # type: ignore[arg-type]

    def forward(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (batch, frames, BANDS) to logits (batch, labels) and (batch, frames // STEP_FRAMES, labels)."""
        x = (levels.float() / 255.0 - 0.35).unsqueeze(1) * 4.0
        x = torch.relu(self.stem_norm(self.stem(x)))
        x = self.blocks(x)
        x = torch.cat((x.mean(3), x.amax(3)), 1)
        x = torch.relu(self.time(self.drop(x)))
        x = self.drop(x)
        steps = self.label(x)
        weight = torch.softmax(torch.clamp(self.attention(x), -8.0, 8.0), 2)
        return (weight * steps).sum(2), steps.transpose(1, 2)
