"""The two networks: one reads a whole piece both ways, one listens as it is played."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from processors.sections.labels import LABELS
from processors.sections.memory import LIVE
from processors.sections.whole import WHOLE

DROPOUT = 0.3
DILATIONS = (1, 2, 4, 8, 16, 32)
OUTPUTS = 1 + len(LABELS)
"""A boundary logit, and one a label."""


class WholeNetwork(nn.Module):
    """Convolutions over steps, ever wider; in the middle every step hears what the passages like its own are.

    Args:
        width: channels.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(WHOLE)
        self.stem = nn.Conv1d(WHOLE, width, 5, padding=2)
        self.first = nn.ModuleList(_Block(width, dilation) for dilation in DILATIONS)
        self.sharpness = nn.Parameter(torch.tensor(20.0))
        self.least_alike = nn.Parameter(torch.tensor(0.8))
        self.join = nn.Conv1d(2 * width, width, 1)
        self.second = nn.ModuleList(_Block(width, dilation) for dilation in DILATIONS[::2])
        self.head = nn.Conv1d(width, OUTPUTS, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, features: Tensor, around: Tensor) -> Tensor:
        """Features [1, steps, WHOLE] and likenesses [1, steps, steps] to logits [1, steps, OUTPUTS]."""
        x = torch.relu(self.stem(self.dropout(self.norm(features.transpose(1, 2)))))
        for block in self.first:
            x = block(x)
        # a softmax with one more place to look at, which is empty: what has no repeat hears nothing
        weight = torch.exp(self.sharpness * (around - self.least_alike)) * (around > 0)
        heard = x @ (weight / (1.0 + weight.sum(2, keepdim=True))).transpose(1, 2)
        x = torch.relu(self.join(torch.cat([x, heard], 1)))
        for block in self.second:
            x = block(x)
        logits: Tensor = self.head(self.dropout(x)).transpose(1, 2)
        return logits


class _Block(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.wide = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(width)
        self.mix = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.dropout(self.mix(torch.relu(self.norm(self.wide(x)))))
        return out


class LiveNetwork(nn.Module):
    """A recurrent layer over steps; it tells of a boundary some steps after it.

    Args:
        width: units.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.width = width
        self.norm = nn.BatchNorm1d(LIVE)
        self.stem = nn.Linear(LIVE, width)
        self.cell = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, OUTPUTS)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Features [1, steps, LIVE] and state [1, 1, width] to logits [1, steps, OUTPUTS] and the next state."""
        normal = self.norm(features.transpose(1, 2)).transpose(1, 2)
        out, after = self.cell(torch.relu(self.stem(self.dropout(normal))), state)
        return self.head(self.dropout(out)), after
