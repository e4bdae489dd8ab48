"""The network that listens as music is played."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from processors.sections.labels import LABELS
from processors.sections.memory import LIVE

DROPOUT = 0.2
OUTPUTS = 1 + len(LABELS)
"""A boundary logit, and one a label."""


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
