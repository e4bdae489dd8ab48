"""``continuo bulk``: analyse a folder of files through Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

USAGE = 2
INCOMPLETE = 3


def register(app: typer.Typer) -> None:
    app.command("bulk")(bulk)


def bulk(
    folder: Annotated[Path, typer.Argument(help="MIDI and sound files, in folders as deep as you like.")],
    want: Annotated[str, typer.Option(help="The analyses, with commas.")] = "identify",
    jsonl: Annotated[Path | None, typer.Option(help="Where the lines go; else standard output.")] = None,
    job: Annotated[str | None, typer.Option(help="Names the job; one of this name is gone on with.")] = None,
    new: Annotated[bool, typer.Option("--new", help="Begin a new job, even if one is unfinished.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --jsonl: the counts as one JSON object.")] = False,
) -> None:
    """Analyse all files of FOLDER: one JSON object a file, in order of their names, each as soon as it can be written.

    A job that was interrupted is gone on with by the same command: no file is computed again. Files that were seen
    before, in any job, are answered from the store. `continuo worker bulk` computes; run as many as you have cores.

    Exit code 0: every file has its line, a result or an error; 1: the stack is away; 3: interrupted, or no worker runs.
    """
    from contextlib import ExitStack

    from connectors.registry import EventCodec
    from connectors.settings import Settings
    from ops.answer_lines import answer_lines, with_bar
    from ops.bulk.client import BulkClient, StalledError
    from ops.bulk.folder import Folder, FolderError
    from ops.bulk.jobs import JobError, find_job, parse_wants
    from ops.bulk.report import Report
    from ops.commands.explained import explained
    from ops.commands.signals import stopped_by_signals

    settings = Settings()
    with explained(), ExitStack() as stack:
        try:
            wants = parse_wants(want)
            found = Folder(folder, settings.blobs.max_bytes)
            codec = EventCodec(settings)
            running, resumed = find_job(settings, codec, found.path, wants, job, new)
            write = stack.enter_context(answer_lines(jsonl))
        except (FolderError, JobError, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(USAGE) from error
        files = sorted(with_bar(found.files(), len(found), "Checking"), key=lambda file: file.name)
        report = stack.enter_context(Report(running, len(files), resumed))

        def on_row(row: Mapping[str, Any]) -> None:
            write(row)
            report.advance()

        client = BulkClient(settings, codec, running, files, on_row)
        stop = stack.enter_context(stopped_by_signals())
        try:
            finished = client.run(stop, resumed)
        except StalledError as error:
            typer.echo(str(error), err=True)
            finished = False
    report.show(client.counts, as_json and jsonl is not None, finished)
    raise typer.Exit(0 if finished else INCOMPLETE)
