"""``continuo fuzz``: damaged input of every kind, to see that nothing crashes, hangs or grows."""

from .run import Findings, fuzz
from .targets import KINDS

__all__ = ["KINDS", "Findings", "fuzz"]
