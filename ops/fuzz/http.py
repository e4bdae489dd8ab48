"""Requests of every shape to the gateway, made by schemathesis from its OpenAPI description.

The gateway runs in a process of its own, with a real Redis and a catalogue; what it would publish is thrown away.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from connectors.settings import Settings
from ops.lone_gateway import lone_gateway
from ops.stack import Stack
from ops.stack.scratch import scratch_settings

from .run import HANG_S, TRIES, WARM_SHARE, Findings
from .targets import KINDS, small_catalogue

HTTP = "http"
TIMEOUT_S = 10.0
WARM_TIMEOUT_S = 60.0
MOST_DETAILS = 20
NOW_AWAY = 503
"""What a gateway may say: Kafka, which is not there, cannot be asked now."""
STREAMS = "/events$"
"""These answers never end."""


def fuzz_http(inputs: int, seed: int, say: Callable[[str], None] = print) -> Findings:
    """Send ``inputs`` requests, spread over all operations; right ones and wrong ones."""
    import schemathesis

    found = Findings(HTTP, inputs, seed)
    with tempfile.TemporaryDirectory(prefix="continuo-fuzz-") as folder:
        settings = _hasty(scratch_settings(Path(folder)))
        with Stack(settings, ("redis",)):
            small_catalogue(settings.catalogue_dir)
            with lone_gateway(settings) as server:
                schema = schemathesis.openapi.from_url(f"{settings.gateway_url}openapi.json").exclude(
                    path_regex=STREAMS
                )
                operations: list[Any] = [made.ok() for made in schema.get_all_operations()]  # type: ignore[union-attr]
                _warm(settings)
                process = psutil.Process(server.pid)
                for number, operation in enumerate(operations):
                    share = inputs * (number + 1) // len(operations) - inputs * number // len(operations)
                    _send(operation, share, seed, found, server)
                    size_mb = process.memory_info().rss / 2**20 if server.is_alive() else 0.0
                    warm = number + 1 >= WARM_SHARE * len(operations) and not found.memory_mb[0]
                    found.memory_mb = (size_mb if warm else found.memory_mb[0], size_mb)
    for detail in found.details:
        say(detail)
    return found


def _send(operation: Any, count: int, seed: int, found: Findings, server: Any) -> None:
    """Send requests of one operation."""
    import hypothesis
    import requests
    from schemathesis import GenerationMode

    sent = 0

    def note(kind: list[int], text: str) -> None:
        kind.append(sent)
        if len(found.details) < MOST_DETAILS:
            found.details.append(f"{operation.label}: {text}")

    def feed(case: Any) -> None:
        nonlocal sent
        sent += 1
        took_s = np.inf
        try:
            for _ in range(TRIES):
                started = time.perf_counter()
                answer = case.call(timeout=TIMEOUT_S)
                took_s = min(took_s, time.perf_counter() - started)
                if took_s <= HANG_S:
                    break
        except requests.Timeout:
            note(found.hangs, f"no answer in {TIMEOUT_S:g} s to {case!r}")
            return
        except requests.ConnectionError as error:
            note(found.crashes if not server.is_alive() else found.errors, f"{error} to {case!r}")
            return
        except (requests.RequestException, ValueError, UnicodeError):
            return  # not even the client takes it
        found.slowest_ms = max(found.slowest_ms, round(took_s * 1000.0, 1))
        found.accepted += answer.status_code < 400
        if took_s > HANG_S:
            note(found.hangs, f"took {took_s:.1f} s for {case!r}")
        if answer.status_code >= 500 and answer.status_code != NOW_AWAY:
            note(found.errors, f"{answer.status_code} to {case!r}: {answer.text[:300]}")

    for mode, share in ((GenerationMode.POSITIVE, count - count // 2), (GenerationMode.NEGATIVE, count // 2)):
        run: Any = hypothesis.given(operation.as_strategy(generation_mode=mode))(feed)  # type: ignore[no-untyped-call]
        run = hypothesis.seed(seed)(run)
        run = hypothesis.settings(
            max_examples=max(share, 1),
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )(run)
        try:
            run()
        except hypothesis.errors.Unsatisfiable:
            continue  # an operation without parameters has no wrong ones


def _warm(settings: Settings) -> None:
    """Let the gateway hear a song of each kind, so that it has imported and compiled what it does when first asked."""
    with httpx.Client(base_url=settings.gateway_url, timeout=WARM_TIMEOUT_S, trust_env=False) as client:
        for name, song in (("song.mid", KINDS["midi"]().wholes[0]), ("song.wav", KINDS["audio"]().wholes[0])):
            client.post("api/analyze-song", files={"file": (name, song)})


def _hasty(settings: Settings) -> Settings:
    gateway = settings.gateway.model_copy(update={"wait_max_s": 0.5, "rhythm_max_s": 5.0})
    kafka = settings.kafka.model_copy(update={"connect_timeout_s": 0.2, "delivery_timeout_s": 0.5})
    return settings.model_copy(update={"gateway": gateway, "kafka": kafka})
