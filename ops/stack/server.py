"""A part that other parts talk to: its health is what it answers."""

from __future__ import annotations

import os
import subprocess
from abc import abstractmethod

from connectors.settings import Settings

from .health import PROBES
from .launcher import Launcher
from .part import Part


class Server(Part):
    """Kafka, the registry, Redis or ClickHouse: a part named like its probe; the second of a kind is ``kafka-2``."""

    def __init__(self, name: str, settings: Settings, launcher: Launcher) -> None:
        super().__init__(name, settings)
        self._launcher = launcher
        self._probe = PROBES[name.partition("-")[0]](settings)

    @abstractmethod
    def command(self) -> list[str]:
        """The command line, program first."""

    def environment(self) -> dict[str, str]:
        """The environment it runs in."""
        return dict(os.environ)

    def launch(self) -> subprocess.Popen[bytes]:
        return self._launcher.launch(self.command(), self.environment(), self.log)

    def check(self) -> str:
        return self._probe.check()
