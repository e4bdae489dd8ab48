"""``continuo demo``: the whole system on real servers, with an account at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LOG_WIDTH = 120


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    clips: Annotated[int, typer.Option(min=1, max=100_000, help="How many clips are cut from works.")] = 300,
    clips_per_s: Annotated[float, typer.Option(min=0.1, max=1000.0)] = 15.0,
    live_seconds: Annotated[float, typer.Option(min=1.0, max=600.0, help="How long the live player plays.")] = 25.0,
    seed: Annotated[int, typer.Option(help="Chooses the music that is played.")] = 0,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack up afterwards.")] = False,
    report: Annotated[Path, typer.Option(help="Where the account is written.")] = Path("demo-report.json"),
    picture: Annotated[Path | None, typer.Option(help="Where the last picture is written, as SVG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the account, as one JSON object.")] = False,
) -> None:
    """Build a catalogue, start everything, publish clips, play live, and count what came back.

    Exit code 1: something was lost, or the stack did not come up.
    """
    import json

    from rich.console import Console

    from ops.demo.run import DemoOptions, run_demo
    from ops.stack import StackError

    options = DemoOptions(clips, clips_per_s, live_seconds, seed, keep, report, picture)
    try:
        console = Console(stderr=as_json)
        if not console.is_terminal:
            console.width = LOG_WIDTH
        account = run_demo(options, console)
    except StackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(account))
    raise typer.Exit(1 if account["lost"] else 0)
