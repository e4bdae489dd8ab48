"""The networks of the search: heads on a frozen language model, for queries and for names."""

from __future__ import annotations

from torch import Tensor, nn

from processors.search.constants import DIMENSION, NAME
from processors.search.text import WIDTH

HIDDEN = 384


class QueryNet(nn.Module):
    """A query's pooled tokens to a unit vector: what it asks of the music, then of the name."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2 * WIDTH, HIDDEN)
        self.outer = nn.Linear(HIDDEN, DIMENSION)
        self.drop = nn.Dropout(0.2)

    def forward(self, text: Tensor) -> Tensor:
        """Pooled tokens [queries, 2 WIDTH] to unit vectors [queries, DIMENSION]."""
        hidden = nn.functional.gelu(self.inner(self.drop(text)))
        return nn.functional.normalize(self.outer(self.drop(hidden)), dim=1)


class NameNet(nn.Module):
    """The text encoder's own embedding of a work's composer and title to a unit vector."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(WIDTH, NAME, bias=False)

    def forward(self, mean: Tensor) -> Tensor:
        """Embeddings [works, WIDTH] to unit vectors [works, NAME]."""
        return nn.functional.normalize(self.layer(mean), dim=1)
