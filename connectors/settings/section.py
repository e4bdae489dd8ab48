"""What all sections of the settings have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the settings; unknown keys are refused, so that a typing error is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)
