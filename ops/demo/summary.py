"""The account of a demo: what the topics, Redis and ClickHouse say happened."""

from __future__ import annotations

import time
from typing import Any

import redis
from rich.console import Console
from rich.table import Table

from connectors.clickhouse_client import clickhouse_client
from connectors.settings import Settings
from connectors.sinks import redis_keys
from ops.audit import run_audit

from .plan import DemoPlan

SETTLE_TIMEOUT_S = 30.0
POLL_S = 0.2

STATUSES = """
SELECT status, count() FROM matches FINAL
WHERE kind = 'clip' AND startsWith(source_id, {run:String}) GROUP BY status
"""
LATENCIES = """
SELECT kind, count(), quantiles(0.5, 0.9, 0.99)(latency_ms) FROM matches FINAL
WHERE startsWith(source_id, {run:String}) AND status != 'failed' GROUP BY kind
"""
REASONS = """
SELECT error_type, count() FROM matches FINAL
WHERE status = 'failed' AND startsWith(source_id, {run:String}) GROUP BY error_type
"""
RHYTHM = """
SELECT (SELECT count() FROM beats FINAL WHERE startsWith(source_id, {run:String})),
       (SELECT count() FROM triggers FINAL WHERE startsWith(source_id, {run:String})),
       (SELECT count() FROM error_events FINAL WHERE startsWith(source_id, {run:String}))
"""
DEAD_LETTERS = "SELECT error_type, message, count() FROM dead_letters FINAL GROUP BY error_type, message"


def summarise(settings: Settings, run: str, plan: DemoPlan, rubbish: int) -> dict[str, Any]:
    """Count one run.

    Args:
        run: what the names of this run's sources and clips begin with.
        rubbish: how many records that are no clips were sent along.

    Returns:
        ``published``, ``matched``, ``unknown``, ``failed``, ``dead_letters``, ``lost``, the latency quantiles,
        ``beats``, ``triggers`` and ``error_events`` of the live player, and what Redis and ClickHouse hold.
    """
    clip_ids = [f"{run}-{clip.clip_id}" for clip in plan.clips]
    with clickhouse_client(settings) as client, redis.Redis.from_url(settings.redis_url) as cache:
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        while True:  # the sinks are a batch behind the topics
            statuses: dict[str, int] = {row[0]: row[1] for row in client.query(STATUSES, {"run": run}).result_rows}
            in_redis = cache.exists(*(redis_keys.clip(clip_id) for clip_id in clip_ids))
            letters = client.query(DEAD_LETTERS).result_rows
            refused = sum(row[2] for row in letters)
            stored = min(sum(statuses.values()), in_redis) >= len(clip_ids) and refused >= rubbish
            if stored or time.monotonic() > deadline:
                break
            time.sleep(POLL_S)
        latencies = client.query(LATENCIES, {"run": run}).result_rows
        beats, triggers, errors = client.query(RHYTHM, {"run": run}).result_rows[0]
        reasons: dict[str, int] = {row[0]: row[1] for row in client.query(REASONS, {"run": run}).result_rows}
    found = run_audit(settings)
    return {
        "published": len(clip_ids) + rubbish,
        "matched": statuses.get("matched", 0),
        "unknown": statuses.get("unknown", 0),
        "failed": statuses.get("failed", 0),
        "dead_letters": refused,
        "lost": found.lost,
        "latency_ms": {
            kind: {"count": count, "p50": round(p50, 2), "p90": round(p90, 2), "p99": round(p99, 2)}
            for kind, count, (p50, p90, p99) in latencies
        },
        "beats": beats,
        "triggers": triggers,
        "error_events": errors,
        "in_redis": in_redis,
        "in_clickhouse": sum(statuses.values()),
        "failed_reasons": reasons,
        "dead_letter_reasons": [{"type": row[0], "message": row[1], "count": row[2]} for row in letters],
    }


def print_summary(account: dict[str, Any], console: Console) -> None:
    """Print the account for people."""
    table = Table(title="What came back", show_header=False, title_style="bold")
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    table.add_row("published", str(account["published"]), "clips and records that are none")
    table.add_row("matched", str(account["matched"]), f"{account['right']} of {account['judged']} answers are right")
    table.add_row("unknown", str(account["unknown"]), "")
    table.add_row("failed", str(account["failed"]), _listed(account["failed_reasons"]))
    table.add_row("dead letters", str(account["dead_letters"]), "")
    for letter in account["dead_letter_reasons"]:
        table.add_row("", "", f"{letter['count']} × {letter['message']}")
    for kind, timing in account["latency_ms"].items():
        quantiles = f"{timing['p50']} / {timing['p90']} / {timing['p99']} ms"
        table.add_row(f"latency, {kind}", quantiles, f"p50 / p90 / p99 of {timing['count']} answers")
    fired = f"{account['triggers']} triggers made {account['error_events']} errors"
    table.add_row("beats", str(account["beats"]), f"of the live player; {fired}")
    heard = ", ".join(f"{row['label']} {row['probability']:.0%}" for row in account["instruments"])
    table.add_row("instruments", str(len(account["instruments"])), f"in the sung tune, likeliest first: {heard}")
    table.add_row("in Redis", str(account["in_redis"]), "answers by clip")
    table.add_row("in ClickHouse", str(account["in_clickhouse"]), "rows, each result once")
    table.add_row(
        "lost", str(account["lost"]), "by comparing every offset", style="green" if not account["lost"] else "red"
    )
    console.print(table)


def _listed(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count} × {reason}" for reason, count in reasons.items())
