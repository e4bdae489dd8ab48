"""``GET /health``."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from connectors.settings import Settings


class Health(BaseModel):
    """How the gateway is."""

    status: Literal["ok"] = "ok"
    version: str
    engine: str = Field(description="What turns frames into beat activations.")
    fpga_enabled: bool = Field(description="Whether that is an FPGA, or the logic of one.")


def router(settings: Settings) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["health"])

    @api.get("/health")
    def health() -> Health:
        """The gateway answers, and what it is set to."""
        engine = settings.rhythm.engine
        return Health(version=version("continuo"), engine=engine, fpga_enabled=engine != "onnx")

    return api
