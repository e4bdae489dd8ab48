"""The embedding network in torch.

Every note sums learned vectors for all other notes of its window, by interval and by time between them: so key never
enters. Notes are then laid into time slots, convolved, and projected to a unit vector.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from processors.embeddings.constants import DIMENSION, GAP_EDGES, REACH_SEMITONES, SLOTS
from processors.embeddings.windows import NO_NOTE

INTERVALS = 2 * REACH_SEMITONES + 1
GAPS = 2 * len(GAP_EDGES) + 1
NOTHING = INTERVALS * GAPS
"""The row of no note, or of one out of reach; always zero."""


class NoteNetwork(nn.Module):
    """Windows to unit vectors."""

    edges: Tensor
    live: Tensor

    def __init__(self, width: int = 96, dimension: int = DIMENSION) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(NOTHING + 1, width) * 0.3)
        self.register_buffer("edges", torch.tensor(GAP_EDGES))
        self.note_norm = nn.LayerNorm(width)
        self.note = nn.Linear(width, width)
        self.early = nn.Conv1d(width, width, 3, padding=1)
        self.late = nn.Conv1d(width, width, 3, padding=1, stride=2)
        self.out = nn.Linear(width * SLOTS // 2, dimension)
        self.register_buffer("live", torch.cat((torch.ones(NOTHING, 1), torch.zeros(1, 1))))

    def forward(self, time: Tensor, pitch: Tensor) -> Tensor:
        """Unit vectors [windows, dimension] of ``time`` and ``pitch`` [windows, notes], see ``Windows``."""
        seen = self._surroundings(time, pitch)
        present = (pitch != NO_NOTE).to(time.dtype)[:, :, None]
        notes = torch.relu(self.note(self.note_norm(seen))) * present
        slots = torch.relu(1.0 - torch.abs(time[:, None, :] * (SLOTS - 1) - self._slot_numbers(time)[:, None]))
        x = torch.matmul(slots, notes).transpose(1, 2)
        x = x + torch.relu(self.early(x))
        x = torch.relu(self.late(x))
        return nn.functional.normalize(self.out(x.flatten(1)), dim=1)

    def _slot_numbers(self, like: Tensor) -> Tensor:
        return torch.arange(SLOTS, dtype=like.dtype)

    def _surroundings(self, time: Tensor, pitch: Tensor) -> Tensor:
        """Sum of the table's rows for every pair of notes, [windows, notes, width]."""
        rows = self._rows(time, pitch)
        table = self.table * self.live
        if torch.onnx.is_in_onnx_export():
            return nn.functional.embedding(rows, table).sum(2)
        windows, notes, _ = rows.shape
        return nn.functional.embedding_bag(rows.flatten(0, 1), table, mode="sum").view(windows, notes, -1)

    def _rows(self, time: Tensor, pitch: Tensor) -> Tensor:
        interval = pitch[:, None, :] - pitch[:, :, None]
        gap = time[:, None, :] - time[:, :, None]
        size = (torch.abs(gap)[..., None] > self.edges).sum(-1)
        signed = torch.where(gap < 0, -size, size) + len(GAP_EDGES)
        row = (interval + REACH_SEMITONES) * GAPS + signed
        present = (pitch != NO_NOTE)[:, None, :] & (pitch != NO_NOTE)[:, :, None]
        known = present & (torch.abs(interval) <= REACH_SEMITONES)
        return torch.where(known, row, torch.full_like(row, NOTHING))
