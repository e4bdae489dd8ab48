"""What a worker tells of itself: metrics, traces, and whether it is alive and ready."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from connectors.secret_values import Redactor
from connectors.settings import Settings
from connectors.tracing import NO_TRACES, Tracer, tracer_of

from .health import Health
from .metrics import CacheCount, Metrics, StageMetrics
from .stage import Stage

__all__ = ["CacheCount", "Health", "Metrics", "Stage", "StageMetrics", "Telemetry"]


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Handed to everything in a worker that has something to tell."""

    metrics: Metrics
    health: Health
    tracer: Tracer

    @classmethod
    def of(cls, settings: Settings, worker: str) -> Self:
        """For the process of a worker.

        Raises:
            TracingError: traces are wanted, and what sends them is not installed.
        """
        health = Health(settings.observe.stuck_s, Redactor(settings).text)
        return cls(Metrics(worker), health, tracer_of(settings.tracing, f"continuo-{worker}"))

    @classmethod
    def untold(cls) -> Self:
        """For those whom nobody asks: tests, benchmarks and programs that use a part by itself."""
        return cls(Metrics("untold"), Health(math.inf), NO_TRACES)

    def stage(self, name: str) -> Stage:
        """What one loop of the worker tells."""
        return Stage(name, self.metrics.stage(name), self.health, self.tracer)
