"""``POST /api/beat-trigger``: the caller counts the beats, and asks on each whether something happens."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from threading import Lock

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from processors.triggers import Rules
from processors.triggers.engine import key_of
from schemas import topics
from schemas.events import NAMESPACE, Origin, now_us
from schemas.rhythm import SectionLabel, Trigger

from .publishing import ORIGIN, Publish
from .song_data import Tempo

KEYS_MAX = 100_000


class BeatTriggerRequest(BaseModel):
    """A beat that the caller has counted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"section": "chorus", "beat_num": 32, "tempo": 120.0}]})

    section: SectionLabel
    beat_num: int = Field(ge=1, le=10_000_000, description="Counted from 1.")
    tempo: Tempo = 120.0
    source_id: str = Field("http", min_length=1, max_length=256)
    session_id: str | None = Field(
        None, max_length=256, description="The same for all beats of a song: then a beat fires once."
    )


class BeatTriggerAnswer(BaseModel):
    """What follows from a beat."""

    success: bool = True
    trigger: bool = Field(description="Whether something happens.")
    repeated: bool = Field(False, description="It has happened before: this beat was asked for already.")
    error_type: str | None = None
    key: str | None = None


def router(publish: Publish, rules: Rules) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["rhythm"])
    fired: OrderedDict[str, None] = OrderedDict()
    lock = Lock()

    @api.post("/api/beat-trigger")
    def beat_trigger(request: BeatTriggerRequest) -> BeatTriggerAnswer:
        """Fire what the rules say for this beat, once."""
        rule = rules.rule_for(request.beat_num, request.section)
        if rule is None:
            return BeatTriggerAnswer(trigger=False)
        session_id = request.session_id or str(uuid.uuid4())
        key = key_of(request.source_id, session_id, request.beat_num)
        error_type = rule.error_types[request.section]
        with lock:
            if key not in fired:
                publish(topics.TRIGGERS.name, [_trigger(request, session_id, key, rule.trigger, error_type, rules)])
                fired[key] = None
                if len(fired) > KEYS_MAX:
                    fired.popitem(last=False)
                return BeatTriggerAnswer(trigger=True, error_type=error_type, key=key)
        return BeatTriggerAnswer(trigger=True, repeated=True, error_type=error_type, key=key)

    return api


def _trigger(
    request: BeatTriggerRequest, session_id: str, key: str, name: str, error_type: str, rules: Rules
) -> Trigger:
    return Trigger(
        event_id=str(uuid.uuid5(NAMESPACE, key)),
        source_id=request.source_id,
        origin=Origin(ORIGIN, 0, request.beat_num),
        session_id=session_id,
        key=key,
        trigger=name,
        error_type=error_type,
        beat=request.beat_num,
        section=request.section,
        tempo=request.tempo,
        time_s=request.beat_num * 60.0 / request.tempo,
        due_at=now_us(),
        basis="heard",
        made_by=rules.version,
    )
