"""The demo's search: words that describe music, and the works that the gateway finds."""

from __future__ import annotations

from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from connectors.settings import Settings

QUERY = "a lively dance in a minor key"
SHOWN = 3
TIMEOUT_S = 30.0


def ask(settings: Settings) -> dict[str, Any]:
    """The query and the works found; with an error in their place if there is no answer."""
    body = {"query": QUERY, "top_k": SHOWN}
    try:
        answer = httpx.post(f"{settings.gateway_url}search/text", json=body, timeout=TIMEOUT_S, trust_env=False)
        answer.raise_for_status()
        return {"query": QUERY, "works": answer.json()["works"]}
    except httpx.HTTPError as error:
        return {"query": QUERY, "works": [], "error": f"The gateway does not answer the search: {error}"}


def print_found(found: dict[str, Any], console: Console) -> None:
    """Print the works for people."""
    table = Table(title=f"Works that answer “{found['query']}”", show_header=False, title_style="bold")
    table.add_column(style="bold")
    table.add_column()
    table.add_column(style="dim")
    for work in found["works"]:
        tempo = f", {work['tempo_bpm']:.0f} beats a minute" if work["tempo_bpm"] else ""
        table.add_row(work["title"], work["composer"], f"{work['key']}{tempo}")
    if "error" in found:
        table.add_row("", found["error"], "")
    console.print(table)
