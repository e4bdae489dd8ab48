"""What a part says that does not answer."""

from __future__ import annotations


class NotReadyError(Exception):
    """A part does not answer, or not yet; the message says what was seen."""
