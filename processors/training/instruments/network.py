"""The instrument network in torch: cepstra of mel spectra, a few dense layers over time, attention over the steps.

The first layers are fixed: cepstral coefficients tell timbre apart with little to learn (Eronen and Klapuri, "Musical
instrument recognition using cepstral coefficients and temporal features", ICASSP 2000). Attention over weakly labelled
steps follows Kong et al., "PANNs: Large-scale pretrained audio neural networks for audio pattern recognition",
IEEE/ACM TASLP 2020.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import torch
from torch import Tensor, nn

from processors.instruments.constants import BANDS, STEP_FRAMES
from processors.instruments.labels import LABELS

COEFFICIENTS = 64
FEATURES = 3 * COEFFICIENTS
"""Of each step: mean, spread and change of the coefficients."""
HIDDEN = 320
CONTEXT = 5
"""Steps that are seen at once: 0.93 s."""


class Cepstra(nn.Module):
    """Levels to features of each step; ``fit`` scales them to mean 0 and spread 1."""

    transform: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        transform = scipy.fft.dct(np.eye(BANDS), axis=1, norm="ortho")[:, :COEFFICIENTS]
        self.register_buffer("transform", torch.tensor(transform, dtype=torch.float32))
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))

    def forward(self, levels: Tensor) -> Tensor:
        """uint8 (batch, frames, BANDS) to (batch, FEATURES, steps)."""
        return ((self.raw(levels) - self.mean) / self.spread).transpose(1, 2)

    def raw(self, levels: Tensor) -> Tensor:
        """(batch, steps, FEATURES), not scaled."""
        cepstra = (levels.float() / 255.0) @ self.transform
        steps = cepstra.reshape(cepstra.shape[0], -1, STEP_FRAMES, COEFFICIENTS)
        mean = steps.mean(2)
        spread = ((steps - mean.unsqueeze(2)) ** 2).mean(2).add(1e-6).sqrt()
        change = (steps[:, :, STEP_FRAMES // 2 :].mean(2) - steps[:, :, : STEP_FRAMES // 2].mean(2)).abs()
        return torch.cat((mean, spread, change), 2)

    @torch.no_grad()
    def fit(self, levels: Tensor) -> None:
        """Take mean and spread from examples."""
        found = self.raw(levels).flatten(0, 1)
        self.mean.copy_(found.mean(0))
        self.spread.copy_(found.std(0) + 1e-3)


class InstrumentNetwork(nn.Module):
    """Levels to logits of each label, in each step and in the window."""

    def __init__(self, drop: float = 0.3) -> None:
        super().__init__()
        self.cepstra = Cepstra()
        self.layers = nn.Sequential(
            nn.Conv1d(FEATURES, HIDDEN, CONTEXT, padding=CONTEXT // 2),
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
            nn.Dropout(drop),
            nn.Conv1d(HIDDEN, HIDDEN, 1),
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
            nn.Dropout(drop),
        )
        self.label = nn.Conv1d(HIDDEN, len(LABELS), 1)
        self.attention = nn.Conv1d(HIDDEN, len(LABELS), 1)
        nn.init.constant_(self.label.bias, -2.5)  # type: ignore[arg-type]

    def forward(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (batch, frames, BANDS) to logits (batch, labels) and (batch, frames // STEP_FRAMES, labels)."""
        x = self.layers(self.cepstra(levels))
        steps = self.label(x)
        weight = torch.softmax(torch.clamp(self.attention(x), -8.0, 8.0), 2)
        return (weight * steps).sum(2), steps.transpose(1, 2)
