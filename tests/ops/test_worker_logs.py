"""What a worker writes to its log: lines for programs, with the ids by which a record is found."""

from __future__ import annotations

import json
import subprocess
import sys

from connectors.tracing import new_traceparent

TRACE = new_traceparent()
SAYS = f"""
import logging
from connectors.telemetry import Telemetry
from connectors.settings import Settings
from ops.worker_logs import set_up_worker_logs
from schemas.events import DeadLetter, Origin

set_up_worker_logs("clips", Settings())
stage = Telemetry.untold().stage("clips")
for offset in range(100):
    stage.sent("dead-letters", DeadLetter(
        source_id="piano-1", event_id=f"e{{offset}}", trace_context="{TRACE}", origin=Origin("clips", 3, offset),
        stage="clips", error_type="undecodable", message="It is no event.",
    ))
logging.getLogger("library").warning("away")
"""


def test_lines_have_the_worker_and_the_ids() -> None:
    said = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in (said.stdout + said.stderr).splitlines()]
    letter = next(line for line in lines if line["event"] == "dead letter")
    assert letter["worker"] == "clips"
    assert letter["level"] == "warning"
    assert letter["source_id"] == "piano-1"
    assert letter["event_id"] == "e0"
    assert letter["trace_id"] == TRACE.split("-")[1]
    assert letter["origin"] == "clips/3/0"
    assert (letter["error_type"], letter["reason"]) == ("undecodable", "It is no event.")
    assert sum(line["event"] == "dead letter" for line in lines) < 10  # a flood is not written down line by line
    assert next(line for line in lines if line["event"] == "away")["worker"] == "clips"
