"""All stages that there are; a new one is a module beside this, a name in ``schemas.bulk.WANTS`` and a line here."""

from __future__ import annotations

from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas.bulk import WANTS

from .embeddings import EmbeddingsStage
from .identify import IdentifyStage
from .instruments import InstrumentsStage
from .stages import Models, Stage


def make_stages(settings: Settings, codec: EventCodec, models: Models) -> dict[str, Stage]:
    """All stages by their want.

    Raises:
        AdapterError: a public model that the settings choose cannot be loaded.
    """
    stages: list[Stage] = [
        IdentifyStage(settings, codec, models),
        InstrumentsStage(settings, codec, models),
        EmbeddingsStage(settings, codec, models),
    ]
    made = {stage.want: stage for stage in stages}
    return {want: made[want] for want in WANTS}
