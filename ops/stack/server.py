"""A part that other parts talk to: its health is what it answers."""

from __future__ import annotations

from connectors.settings import Settings

from .health import PROBES
from .launcher import Launcher
from .part import Part


class Server(Part):
    """Kafka, the registry, Redis or ClickHouse: a part named like its probe; the second of a kind is ``kafka-2``."""

    def __init__(self, name: str, settings: Settings, launcher: Launcher) -> None:
        super().__init__(name, settings, launcher)
        self._probe = PROBES[name.partition("-")[0]](settings)

    def check(self) -> str:
        return self._probe.check()
