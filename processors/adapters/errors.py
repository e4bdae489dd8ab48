"""What goes wrong with public models; needs no torch."""

from __future__ import annotations


class AdapterError(ValueError):
    """The model cannot be used; the message says why and what to do."""
