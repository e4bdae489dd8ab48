"""``continuo catalogue``: build, grow, shrink, look at and publish a catalogue of works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from ops.intake import Intake
    from processors.identify import Catalogue

Out = Annotated[Path, typer.Argument(help="The catalogue: a folder.", show_default=False)]
Manifests = Annotated[
    list[Path] | None,
    typer.Option("--manifest", help="A CSV file with the columns path,title,composer[,work_id][,licence]."),
]
Root = Annotated[Path | None, typer.Option(help="What paths are relative to; else the manifest's or given folder.")]
Folders = Annotated[list[Path] | None, typer.Option("--folder", help="A folder with MIDI files or scores.")]
Music21 = Annotated[bool, typer.Option("--music21", help="The scores that come with music21.")]
Plugins = Annotated[
    list[str] | None,
    typer.Option("--importer", metavar="NAME:ARGUMENT", help="Any installed importer, such as maestro:FOLDER."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on standard output.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 if anything could not be imported.")]

SOME_FAILED = 3
SHOWN_FAILURES = 20


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Build, grow, shrink, look at and publish a catalogue of works.", no_args_is_help=True)
    group.command("build")(build)
    group.command("add")(add)
    group.command("remove")(remove)
    group.command("list")(list_works)
    group.command("info")(info)
    group.command("publish")(publish)
    app.add_typer(group, name="catalogue")


def build(
    out: Out,
    manifest: Manifests = None,
    root: Root = None,
    folder: Folders = None,
    music21: Music21 = False,
    importer: Plugins = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Make OUT hold exactly the works of the sources; what was there is replaced at the end, in one step.

    Files that cannot be read are reported and left out. Exits with 1 if there is not a single work.
    """
    from itertools import chain

    from processors.identify import Catalogue

    with _explained_errors():
        intake = _intake(manifest, root, folder, music21, importer)
        with _progress(intake):
            entries = intake.entries()
            first = next(entries, None)
            catalogue = None if first is None else Catalogue.build(out, chain([first], entries))
        _report(intake.summary(), as_json, catalogue)
    if catalogue is None:
        _fail("There is not a single work in these sources; the catalogue is as it was.")
    _exit_if_strict(intake, strict)


def add(
    out: Out,
    manifest: Manifests = None,
    root: Root = None,
    folder: Folders = None,
    music21: Music21 = False,
    importer: Plugins = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Add the sources' works to OUT, or replace those that have changed; makes OUT if there is none.

    Works that are there already are passed over, so that after a crash the same command goes on where it was.
    """
    from ops.intake import add_works

    with _explained_errors():
        intake = _intake(manifest, root, folder, music21, importer)
        with _progress(intake):
            catalogue = add_works(out, intake)
        _report(intake.summary(), as_json, catalogue)
    _exit_if_strict(intake, strict)


def remove(
    out: Out,
    work_id: Annotated[list[str], typer.Argument(help="Ids of works, as `continuo catalogue list` shows them.")],
    as_json: AsJson = False,
) -> None:
    """Remove works from OUT. Exits with 1 if one of the ids is not there; the others are removed all the same."""
    from processors.identify import Catalogue

    with _explained_errors():
        there = {work.work_id for work in Catalogue.open(out).works()}
        missing = [name for name in work_id if name not in there]
        catalogue = Catalogue.update(out, remove=work_id)
        _report({"removed": len(there.intersection(work_id)), "missing": missing}, as_json, catalogue)
    if missing:
        raise typer.Exit(1)


def list_works(out: Out, as_json: AsJson = False) -> None:
    """List the works of OUT: id, composer, title, notes."""
    import dataclasses
    import json

    from processors.identify import Catalogue

    with _explained_errors():
        works = Catalogue.open(out).works()
        if as_json:
            typer.echo(json.dumps([dataclasses.asdict(work) for work in works], ensure_ascii=False))
            return
        for work in works:
            typer.echo(f"{work.work_id}\t{work.composer}\t{work.title}\t{work.notes_count}")


def info(out: Out, as_json: AsJson = False) -> None:
    """Say what OUT is: its version, works, notes, bytes, and how far it has followed the catalogue topic."""
    from processors.identify import Catalogue

    with _explained_errors():
        catalogue = Catalogue.open(out)
        composers = {work.composer for work in catalogue.works()}
        facts = {"composers": len(composers), "bytes": catalogue.query_bytes, "positions": dict(catalogue.positions)}
        _report(facts, as_json, catalogue)


def publish(
    manifest: Manifests = None,
    root: Root = None,
    folder: Folders = None,
    music21: Music21 = False,
    importer: Plugins = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="WORK_ID", help="Withdraw this work.")] = None,
    as_json: AsJson = False,
    strict: Strict = False,
) -> None:
    """Publish the sources' works to the catalogue topic, from which all workers keep their index.

    Ends when the broker has them all; exits with 1 if it has not taken one.
    """
    from connectors.blob_store import BlobError
    from connectors.kafka_client import KafkaUnavailableError
    from connectors.producer import DeliveryError
    from connectors.registry import RegistryError
    from connectors.settings import Settings
    from connectors.work_publisher import publish_works

    with _explained_errors(KafkaUnavailableError, DeliveryError, RegistryError, BlobError):
        intake = _intake(manifest, root, folder, music21, importer, optional=bool(remove))
        with _progress(intake):
            publish_works(intake.readable(), remove or [], Settings())
        _report({**intake.summary(), "removed": len(remove or [])}, as_json)
    if not intake.imported and not remove:
        _fail("There is not a single work in these sources; nothing was published.")
    _exit_if_strict(intake, strict)


def _intake(
    manifest: list[Path] | None,
    root: Path | None,
    folder: list[Path] | None,
    music21: bool,
    importer: list[str] | None,
    optional: bool = False,
) -> Intake:
    from connectors.settings import Settings
    from ops.intake import Intake, Sources

    sources = Sources(manifest or [], folder or [], importer or [], music21, root)
    if not (manifest or folder or importer or music21 or optional):
        raise typer.BadParameter("Say where the works come from: --manifest, --folder, --music21 or --importer.")
    settings = Settings()
    return Intake(sources.importers(settings), settings)


@contextmanager
def _explained_errors(*more: type[Exception]) -> Iterator[None]:
    """Errors that a user can do something about, as a sentence and exit code 1."""
    from connectors.importers import ImporterError
    from processors.identify import CatalogueError

    explained: tuple[type[Exception], ...] = (ImporterError, CatalogueError, *more)
    try:
        yield
    except explained as error:
        _fail(str(error), error)


@contextmanager
def _progress(intake: Intake) -> Iterator[None]:
    """A bar on the terminal while works come in; nothing where standard error is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Works", total=intake.total)
        intake.on_progress = lambda seen: bar.update(task, completed=seen)
        yield


def _report(facts: dict[str, Any], as_json: bool, catalogue: Catalogue | None = None) -> None:
    import json

    if catalogue is not None:
        facts = {
            **facts,
            "catalogue": str(catalogue.path),
            "version": catalogue.version,
            "works": len(catalogue),
            "notes": catalogue.notes,
        }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    failures = facts.pop("failures", [])
    for failure in failures[:SHOWN_FAILURES]:
        typer.echo(f"{failure['path']}: {failure['reason']}", err=True)
    if len(failures) > SHOWN_FAILURES:
        typer.echo(f"and {len(failures) - SHOWN_FAILURES} more; --json lists them all", err=True)
    for name, value in facts.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")


def _exit_if_strict(intake: Intake, strict: bool) -> None:
    if strict and intake.failures:
        raise typer.Exit(SOME_FAILED)


def _fail(message: str, cause: Exception | None = None) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1) from cause
