"""``continuo bench chaos``: clips and notes flow while everything around them fails, one thing after the other."""

from .run import chaos

__all__ = ["chaos"]
