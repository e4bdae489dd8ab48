"""``continuo evaluate instruments``: measure the instrument detector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

USAGE = 2


def instruments(
    works: Annotated[Path | None, typer.Option(help="A folder of MIDI files; those held out are rendered.")] = None,
    fonts: Annotated[list[Path] | None, typer.Option("--font", help="A SoundFont to render with; repeatable.")] = None,
    clips: Annotated[int, typer.Option(min=1, help="So many rendered clips of 10 s for each font.")] = 200,
    labels: Annotated[
        Path | None, typer.Option(help="A CSV with path,instruments,real of recordings; those of one instrument count.")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="What the CSV's paths are relative to; else its folder.")] = None,
    model: Annotated[Path | None, typer.Option(help="Another network than the shipped one.")] = None,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Rendered mixes with SoundFonts that nothing was trained on, and real recordings of one instrument."""
    import json

    from rich.console import Console
    from rich.pretty import Pretty

    from ops.evaluate.instruments import evaluate_recordings, evaluate_rendered, recordings, rendered_clips
    from processors.instruments import InstrumentDetector
    from processors.instruments.network import MODEL
    from processors.midi import BadMusicError

    if (works is None) != (not fonts) or (works is None and labels is None):
        raise typer.BadParameter("Give --works with at least one --font, or --labels, or both.")
    detector = InstrumentDetector(model or MODEL)
    result: dict[str, Any] = {"model": detector.version}
    try:
        if works is not None:
            result["rendered"] = evaluate_rendered(detector, rendered_clips(works, fonts or [], clips, seed))
        if labels is not None:
            found, without = recordings(labels, root or labels.parent)
            result["recordings"] = evaluate_recordings(detector, found, without)
    except (OSError, KeyError, ValueError, BadMusicError) as error:
        typer.echo(f"This cannot be measured: {error}", err=True)
        raise typer.Exit(USAGE) from error
    if as_json:
        typer.echo(json.dumps(result))
    else:
        Console().print(Pretty(result, expand_all=False))
