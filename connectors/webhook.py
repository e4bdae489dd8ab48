"""Triggers by HTTP: each is posted to the error generator until it is taken, or becomes a dead letter in the end.

Posts go to allowed hosts only and follow no redirects. The trigger's key goes along as ``Idempotency-Key``, so a post
that is repeated after a crash makes nothing happen twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
import pybreaker
from tenacity import (
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from connectors.consumer import Received
from connectors.settings import Settings
from connectors.sinks.base import RefusedError, Sink
from connectors.telemetry import Telemetry
from schemas import topics
from schemas.rhythm import Trigger

PATH = "/api/rhythm-trigger"
ANSWER_MAX_CHARACTERS = 200
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which it may be tried again."""


class WebhookError(ValueError):
    """The URL must not be posted to; the message says why."""


class _NotTakenError(RuntimeError):
    """It was not taken now."""


class WebhookDestination:
    """Posts triggers one by one, in order; see ``Destination``."""

    name = "webhook"
    topics: tuple[str, ...] = (topics.TRIGGERS.name,)
    batch_rows = 1
    batch_interval_s = 0.0

    def __init__(self, settings: Settings, telemetry: Telemetry | None = None) -> None:
        self._count = (telemetry or Telemetry.untold()).metrics.stage(self.name)
        options = settings.webhook
        self._url = _checked(settings.error_generator_url, options.allowed_hosts) + PATH
        self._give_up_s = options.give_up_s
        self._client = httpx.Client(timeout=options.timeout_s, follow_redirects=False, trust_env=False)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=options.breaker_failures,
            reset_timeout=options.breaker_reset_s,
            exclude=[RefusedError],
            throw_new_error_on_trip=False,
        )
        self._retrying = Retrying(
            retry=retry_if_exception_type((_NotTakenError, pybreaker.CircuitBreakerError)),
            wait=wait_exponential_jitter(multiplier=options.backoff_s, jitter=options.backoff_s),
            stop=stop_after_attempt(1 + options.retries),
            before_sleep=self._tell,
        )

    def prepare(self) -> None:
        """Nothing has to be there before the first post."""

    def write(self, batch: Sequence[Received]) -> None:
        """Post triggers; see ``Destination``."""
        for received in batch:
            assert isinstance(received.event, Trigger)
            self._deliver(received.event)

    def close(self) -> None:
        self._client.close()

    def _deliver(self, trigger: Trigger) -> None:
        late_s = time.time() - trigger.due_at / 1e6
        if late_s > self._give_up_s:
            raise RefusedError(f"The trigger is {late_s:.0f} s late, too late to be of use.")
        try:
            self._retrying(self._breaker.call, self._post, trigger)
        except RetryError as error:
            last = error.last_attempt
            raise RefusedError(f"Not taken in {last.attempt_number} tries: {last.exception()}.") from error

    def _tell(self, state: RetryCallState) -> None:
        assert state.outcome is not None
        self._count.waiting(state.outcome.exception())

    def _post(self, trigger: Trigger) -> None:
        body = {
            "trigger": trigger.trigger,
            "error_type": trigger.error_type,
            "beat": trigger.beat,
            "section": trigger.section,
            "tempo": trigger.tempo,
            "source_id": trigger.source_id,
            "session_id": trigger.session_id,
        }
        headers = {"Idempotency-Key": trigger.key}
        if trigger.trace_context:
            headers["traceparent"] = trigger.trace_context
        try:
            answer = self._client.post(self._url, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise _NotTakenError(f"{self._url} does not answer: {type(error).__name__}: {error}") from error
        if answer.is_success:
            return
        says = f"{self._url} answers {answer.status_code}: {answer.text[:ANSWER_MAX_CHARACTERS]}"
        raise _NotTakenError(says) if answer.status_code in PASSING else RefusedError(says)


def _checked(url: str, allowed_hosts: Sequence[str]) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WebhookError(f"{url!r} is no URL to post to; it should start with http:// or https:// and name a host.")
    if parts.hostname not in allowed_hosts:
        raise WebhookError(
            f"The host {parts.hostname!r} is not among those that may be posted to "
            f"({', '.join(allowed_hosts)}); add it to the setting webhook.allowed_hosts."
        )
    return url


def run(settings: Settings, stop: threading.Event, telemetry: Telemetry | None = None) -> None:
    """Post the triggers until ``stop`` is set.

    Raises:
        WebhookError: the settings name a host that is not allowed.
    """
    Sink(settings, WebhookDestination(settings, telemetry), telemetry).run(stop)
