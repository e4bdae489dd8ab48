"""What a part says that does not answer."""

from __future__ import annotations


class NotReadyError(Exception):
    """A part does not answer, or not yet; the message says what was seen."""


class WaitsError(NotReadyError):
    """A worker is well, and waits for something that is away; the message says for what."""
