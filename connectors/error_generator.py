"""The error generator: takes triggers by HTTP and publishes ``error-events``, each trigger once."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from connectors.http.invalid import explain_invalid_requests
from connectors.http.limits import LimitsMiddleware
from connectors.settings import Settings
from processors.errors import Styles, make_up
from schemas.events import NAMESPACE
from schemas.rhythm import ErrorEvent

BODY_MAX_BYTES = 16 << 10
KEYS_MAX = 100_000
Publish = Callable[[Sequence[ErrorEvent]], None]
"""Publishes events and returns when they are delivered; may be called from several threads."""


class RhythmTrigger(BaseModel):
    """What is to happen on a beat."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {"trigger": "phrase", "error_type": "business", "beat": 32, "section": "chorus", "tempo": 120.0}
            ]
        },
    )

    trigger: bool | Annotated[str, Field(max_length=64)] = True
    error_type: str = Field(max_length=64)
    beat: int = Field(ge=0, le=10_000_000)
    section: str = Field(max_length=64)
    tempo: float = Field(gt=0, le=1000)
    source_id: str = Field("http", min_length=1, max_length=256)
    session_id: str = Field("", max_length=256)


class Made(BaseModel):
    """What became of a trigger."""

    accepted: bool
    repeated: bool = Field(description="This key was seen before, and nothing was published again.")
    key: str
    errors: int = Field(description="How many errors were published.")


class ErrorGenerator:
    """Makes the errors of a trigger and publishes them.

    A key is remembered after its errors are delivered. Errors have ids that follow from the key, so those of a key that
    was forgotten, after a restart, are the same again, and sinks keep one.
    """

    def __init__(self, styles: Styles, publish: Publish) -> None:
        self._styles = styles.styles
        self._publish = publish
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, trigger: RhythmTrigger, key: str | None) -> Made:
        """Publish a trigger's errors, unless its key was seen.

        Raises:
            KeyError: there is no such style.
        """
        style = self._styles[trigger.error_type]
        key = key or str(uuid.uuid4())
        with self._lock:  # a key that comes twice at once must not be acted on twice
            if key in self._seen:
                return Made(accepted=True, repeated=True, key=key, errors=self._seen[key])
            made = make_up(style, key, beat=trigger.beat, section=trigger.section, tempo_bpm=trigger.tempo)
            self._publish(
                [
                    ErrorEvent(
                        event_id=str(uuid.uuid5(NAMESPACE, f"{key}/{number}")),
                        source_id=trigger.source_id,
                        session_id=trigger.session_id,
                        trigger_key=key,
                        style=trigger.error_type,
                        code=error.code,
                        severity=error.severity,
                        message=error.message,
                        component=error.component,
                        location=error.location,
                        governing_body=error.governing_body,
                        part=number,
                        parts=len(made),
                        beat=trigger.beat,
                        section=trigger.section,
                        tempo=trigger.tempo,
                    )
                    for number, error in enumerate(made, start=1)
                ]
            )
            self._seen[key] = len(made)
            if len(self._seen) > KEYS_MAX:
                self._seen.popitem(last=False)
        return Made(accepted=True, repeated=False, key=key, errors=len(made))


def make_app(settings: Settings, styles: Styles, publish: Publish) -> FastAPI:
    """The service."""
    app = FastAPI(title="Continuo error generator", docs_url=None, redoc_url=None)
    explain_invalid_requests(app)
    app.add_middleware(LimitsMiddleware, max_bytes=BODY_MAX_BYTES, timeout_s=settings.gateway.timeout_s)
    generator = ErrorGenerator(styles, publish)

    @app.get("/health")
    def health() -> dict[str, object]:
        return {"status": "ok", "styles": sorted(styles.styles)}

    @app.post("/api/rhythm-trigger")
    def rhythm_trigger(
        trigger: RhythmTrigger, idempotency_key: Annotated[str | None, Header(max_length=600)] = None
    ) -> Made:
        """Make the errors of a trigger. The same Idempotency-Key makes none again."""
        if trigger.error_type not in styles.styles:
            known = ", ".join(sorted(styles.styles))
            raise HTTPException(422, f"There is no style {trigger.error_type!r}; there are {known}.")
        if trigger.trigger is False:
            return Made(accepted=False, repeated=False, key=idempotency_key or "", errors=0)
        try:
            return generator.take(trigger, idempotency_key)
        except RuntimeError as error:  # Kafka or the registry is away: whoever asks may ask again
            raise HTTPException(503, str(error)) from error

    return app
