"""The average of a network's weights along its training, which generalises better than its last ones."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def blend(average: nn.Module, network: nn.Module, keep: float) -> None:
    """Move ``average`` towards ``network``; what is counted, not measured, is copied.

    An exponential moving average (Polyak and Juditsky 1992).

    Args:
        average: a network of the same shape; changed in place.
        network: the one that is being trained.
        keep: how much of the average stays, 0 to 1.
    """
    for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, 1.0 - keep)
        else:
            kept.copy_(new)
