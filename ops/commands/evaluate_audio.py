"""``continuo evaluate audio``: measure recognition from sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ops.evaluate.rendering import AudioClip
    from processors.identify import Catalogue

USAGE = 2
INSTRUMENTS_LENGTH_S = 10.0


def audio(
    catalogue: Annotated[Path, typer.Option(help="The catalogue's folder.")],
    fonts: Annotated[list[Path] | None, typer.Option("--font", help="A SoundFont to render with; repeatable.")] = None,
    clips: Annotated[
        Path | None, typer.Option(help="A CSV with query_path,start_s,length_s,reference_path, rendered on pianos.")
    ] = None,
    instruments: Annotated[int, typer.Option(min=0, help="So many simulated clips on strings, winds, ...")] = 0,
    songs: Annotated[int, typer.Option(min=0, help="So many simulated clips with a synthesised voice on top.")] = 0,
    recordings: Annotated[
        Path | None, typer.Option(help="A CSV of the same columns whose query_path is a sound file.")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="What the CSVs' paths are relative to; else their folder.")] = None,
    any_key: Annotated[bool, typer.Option(help="Move the rendered clips by up to six semitones.")] = False,
    conditions: Annotated[str, typer.Option(help="Which of base,mp3,noise0,telephone; with commas.")] = "base",
    threshold: Annotated[float | None, typer.Option(help="From which activation on a note is heard.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many clips of the CSV.")] = None,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Notes heard, works found and time taken, for rendered clips under several conditions and for recordings."""
    import json

    from rich.console import Console
    from rich.pretty import Pretty
    from rich.progress import Progress

    from ops.evaluate.audio import AS_IT_IS, evaluate_audio
    from ops.evaluate.rendering import CONDITIONS, other_clips, piano_clips, recorded_clips, sung_clips
    from processors.identify import Catalogue, CatalogueError
    from processors.midi import BadMusicError
    from processors.onsets import Transcriber

    names = [name.strip() for name in conditions.split(",") if name.strip()]
    if not names or any(name not in CONDITIONS for name in names):
        raise typer.BadParameter(f"Conditions are {', '.join(CONDITIONS)}.")
    if (clips or instruments or songs) and not fonts:
        raise typer.BadParameter("Rendering needs at least one --font.")
    rendered: list[AudioClip] = []
    recorded: list[AudioClip] = []
    try:
        opened: Catalogue = Catalogue.open(catalogue)
        if clips is not None:
            rendered += piano_clips(clips, root or clips.parent, fonts or [], seed, limit, any_key)
        if instruments:
            rendered += other_clips(opened, fonts or [], instruments, INSTRUMENTS_LENGTH_S, seed)
        if songs:
            rendered += sung_clips(opened, fonts or [], songs, INSTRUMENTS_LENGTH_S, seed)
        if recordings is not None:
            recorded += recorded_clips(recordings, root or recordings.parent)
    except (CatalogueError, BadMusicError, OSError, KeyError, ValueError) as error:
        typer.echo(f"This cannot be measured: {error}", err=True)
        raise typer.Exit(USAGE) from error
    console = Console(stderr=True)
    transcriber = Transcriber(threshold=threshold)
    with Progress(console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("Measuring", total=len(rendered) * len(names) + len(recorded))
        results = evaluate_audio(opened, transcriber, rendered, names, seed, lambda: bars.advance(task))
        results |= evaluate_audio(opened, transcriber, recorded, [AS_IT_IS], seed, lambda: bars.advance(task))
    result = {"works": len(opened), "threshold": transcriber.threshold, "results": results}
    if as_json:
        typer.echo(json.dumps(result))
    else:
        Console().print(Pretty(result, expand_all=False))
