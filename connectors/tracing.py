"""Trace contexts, so that a clip can be followed from its producer to its answer (W3C Trace Context)."""

from __future__ import annotations

import secrets

VERSION = "00"
SAMPLED = "01"


def new_traceparent() -> str:
    """The ``traceparent`` of a new, sampled trace: version, trace id, span id and flags."""
    return f"{VERSION}-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{SAMPLED}"
