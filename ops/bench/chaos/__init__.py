"""``continuo bench chaos``: clips and notes flow while everything around them fails, one thing after the other."""

from .run import Plan, chaos
from .traffic import Load

__all__ = ["Load", "Plan", "chaos"]
