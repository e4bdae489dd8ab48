"""The beat network in torch: a recurrent network over onset clusters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from processors.beats.features import FEATURES

from .lanes import BARS, PERIODS


class BeatNet(nn.Module):
    """Frames to logits of beat and downbeat; of the beat's length and the metre as second tasks that help training.

    Attributes:
        hidden, layers: the size of the GRU.
    """

    def __init__(self, hidden: int = 128, layers: int = 2, dropout: float = 0.1) -> None:
        super().__init__()
        self.hidden, self.layers = hidden, layers
        self.inward = nn.Linear(FEATURES, hidden)
        self.recurrent = nn.GRU(hidden, hidden, layers, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.outward = nn.Linear(2 * hidden, 2)
        self.period = nn.Linear(hidden, PERIODS)
        self.bar = nn.Linear(hidden, BARS)
        nn.init.constant_(self.outward.bias, -1.0)

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features [frames, batch, FEATURES], state [layers, batch, hidden] to logits [frames, batch, 2], what the
        second tasks read [frames, batch, hidden], and the new state.
        """
        x = torch.relu(self.inward(features))
        y, state = self.recurrent(x, state)
        return self.outward(self.dropout(torch.cat((x, y), -1))), y, state

    def initial_state(self, batch: int) -> Tensor:
        """The state before the first frame."""
        return torch.zeros(self.layers, batch, self.hidden)
