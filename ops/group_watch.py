"""Asks the brokers now and then how far a worker's consumer groups have come.

The whole group is asked for, not this worker's share: one that lives tells of the partitions of one that died.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.settings import Settings
from connectors.telemetry import Telemetry

GROUP_PREFIX = "continuo-"
BROKERS = "brokers"


@contextmanager
def watched(settings: Settings, telemetry: Telemetry) -> Iterator[None]:
    """Keep the lag and whether the brokers answer, while the context is open."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(settings, telemetry, stop), name="group watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def _watch(settings: Settings, telemetry: Telemetry, stop: threading.Event) -> None:
    # a worker that has just been started has better things to do
    if stop.wait(settings.observe.lag_interval_s):
        return
    from ops.cluster import Cluster
    from ops.not_ready import NotReadyError

    cluster = Cluster(settings)
    metrics = telemetry.metrics
    while True:
        try:
            # a stage's group has its name, or that of its worker; of names without a group nothing is heard
            groups = cluster.lag([GROUP_PREFIX + name for name in sorted({*metrics.stages, metrics.worker})])
            metrics.lag.clear()
            for group, partitions in groups.items():
                for place in partitions:
                    metrics.lag.labels(group, place.topic, place.partition).set(place.lag)
            telemetry.health.has(BROKERS)
        except NotReadyError as error:
            telemetry.health.waits(BROKERS, str(error))
        if stop.wait(settings.observe.lag_interval_s):
            return
