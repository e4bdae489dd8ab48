"""What passes by itself: something outside is away, and the work waits for it."""

from __future__ import annotations

from typing import Any

import structlog
from tenacity import RetryCallState, retry_if_exception_type, wait_exponential

from connectors.blob_store import BlobUnavailableError
from connectors.group_lag import BehindError
from connectors.registry import RegistryUnavailableError
from connectors.telemetry import Stage

from .readback import ReadbackUnavailableError

LATER = (RegistryUnavailableError, BlobUnavailableError, ReadbackUnavailableError, BehindError)
WAIT_MIN_S = 0.1
WAIT_MAX_S = 1.0

log = structlog.get_logger(__name__)


def _log_retry(state: RetryCallState) -> None:
    assert state.outcome is not None
    log.warning("waiting", attempt=state.attempt_number, reason=str(state.outcome.exception()))


def retry_later(stage: Stage) -> dict[str, Any]:
    """``RETRY_LATER`` for a stage that tells of its waiting."""

    def tell(state: RetryCallState) -> None:
        _log_retry(state)
        assert state.outcome is not None
        stage.waiting(state.outcome.exception())

    return RETRY_LATER | {"before_sleep": tell}


RETRY_LATER: dict[str, Any] = {
    "retry": retry_if_exception_type(LATER),
    "wait": wait_exponential(multiplier=WAIT_MIN_S, max=WAIT_MAX_S),
    "before_sleep": _log_retry,
    "reraise": True,
}
"""Arguments for tenacity; when to stop is the caller's to say."""
