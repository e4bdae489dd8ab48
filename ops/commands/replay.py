"""``continuo replay``: have a stage read again, or go past a record."""

from __future__ import annotations

from typing import Annotated

import typer

CATALOGUE = "catalogue"  # it has no group


def register(app: typer.Typer) -> None:
    app.command("replay")(replay)


def replay(
    stage: Annotated[str, typer.Argument(help="The stage, such as clips, beats or clickhouse-sink.")],
    since: Annotated[
        str | None, typer.Option("--from", help="From the records sent at this moment, such as 2026-05-01T20:00.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="With --partition and --offset: one place only.")] = None,
    partition: Annotated[int | None, typer.Option(min=0)] = None,
    offset: Annotated[
        int | None, typer.Option(min=0, help="The offset to be read next; one more skips a record.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be moved.")] = False,
) -> None:
    """Have a stage read its topics again from a moment or an offset; its workers must be stopped.

    What is made again carries the same ids, so that Redis and ClickHouse keep one of each. Exit code 1: not moved.
    """
    from connectors.settings import Settings
    from ops.commands.report import moment_of
    from ops.replay import Replay, ReplayError
    from streams.groups import group_of

    place = (topic, partition, offset)
    if (since is None) == (None in place) or (since is not None and place != (None, None, None)):
        raise typer.BadParameter("Give either --from, or --topic, --partition and --offset.")
    if stage == CATALOGUE:
        typer.echo(
            "The catalogue's places stand in its own manifest: to read the topic again, stop the catalogue worker, "
            "move the catalogue's folder away and start the worker.",
            err=True,
        )
        raise typer.Exit(1)
    try:
        group = Replay(Settings(), group_of(stage))
        if since is not None:
            moves = group.plan(since=moment_of(since, "--from"))
        else:
            assert topic is not None
            assert partition is not None
            assert offset is not None
            moves = group.plan(offsets={(topic, partition): offset})
        if not dry_run and moves:
            group.move(moves)
    except ReplayError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for move in moves:
        typer.echo(
            f"{move.topic}/{move.partition}: {move.before} → {move.after} ({move.before - move.after:+d} records)"
        )
    if not moves:
        typer.echo("It stands there already.")
