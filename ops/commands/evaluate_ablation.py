"""``continuo evaluate ablation``: do embeddings add to fingerprints?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from processors.embeddings import EmbeddedCatalogue
    from processors.identify import Catalogue
    from processors.training.clips import TrueClip

USAGE = 2


def ablation(
    catalogue: Annotated[Path, typer.Option(help="The catalogue's folder.")],
    clips: Annotated[Path, typer.Option(help="A CSV with query_path,start_s,length_s,reference_path.")],
    root: Annotated[Path | None, typer.Option(help="What the CSV's paths are relative to; else its folder.")] = None,
    vectors: Annotated[
        Path | None, typer.Option(help="The folder of the vectors; else `embeddings` in the catalogue. Made if needed.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="An embedding network; else the one that is shipped.")] = None,
    variants: Annotated[str, typer.Option(help="Of the clips, see `evaluate identify`.")] = "clean,shifted,noisy30",
    fonts: Annotated[
        list[Path] | None, typer.Option("--font", help="A SoundFont: also play the clips with it and transcribe them.")
    ] = None,
    audio_limit: Annotated[int, typer.Option(min=1, help="So many clips are played.")] = 150,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many clips.")] = None,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Right work by fingerprints alone, embeddings alone and both, with processor time and bytes."""
    import json
    from dataclasses import replace

    import numpy as np
    from rich.console import Console
    from rich.pretty import Pretty
    from rich.progress import Progress

    from ops.evaluate.ablation import evaluate_ablation
    from ops.evaluate.clips import clips_from_csv
    from processors.identify import Catalogue, CatalogueError, Identifier
    from processors.midi import BadMusicError
    from processors.training.variants import VARIANTS, vary

    names = [name.strip() for name in variants.split(",") if name.strip()]
    if any(name not in VARIANTS for name in names):
        raise typer.BadParameter(f"Variants are {', '.join(VARIANTS)}.")
    try:
        opened = Catalogue.open(catalogue)
        found = list(clips_from_csv(clips, root or clips.parent, limit))
        embedded = _embedded(opened, vectors or catalogue / "embeddings", model)
        queries: dict[str, list[TrueClip]] = {}
        for name in names:
            rng = np.random.default_rng(seed)
            # Clips are counted by the length that they were cut to, also when played at another tempo.
            queries[name] = [replace(vary(clip, name, rng), length_s=clip.length_s) for clip in found]
        if fonts:
            queries["audio"] = _transcribed(clips, root or clips.parent, fonts, min(audio_limit, len(found)), seed)
    except (CatalogueError, BadMusicError, OSError, KeyError, ValueError) as error:
        typer.echo(f"This cannot be measured: {error}", err=True)
        raise typer.Exit(USAGE) from error
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("Measuring", total=sum(map(len, queries.values())))
        results = evaluate_ablation(Identifier(opened), embedded, queries, lambda: bars.advance(task))
    result = {
        "works": len(opened),
        "notes": opened.notes,
        "clips": len(found),
        "model": embedded.model,
        "vectors": len(embedded),
        "bytes_per_note": {
            "fingerprints": round(opened.query_bytes / max(opened.notes, 1), 3),
            "embeddings": round(embedded.bytes / max(opened.notes, 1), 3),
        },
        "results": results,
    }
    if as_json:
        typer.echo(json.dumps(result))
    else:
        Console().print(Pretty(result, expand_all=False))


def _embedded(catalogue: Catalogue, folder: Path, model: Path | None) -> EmbeddedCatalogue:
    """The catalogue's vectors; embedded now where there are none yet that fit."""
    from processors.embeddings import EmbeddedCatalogue, NoteEmbedder

    embedder = NoteEmbedder(model) if model else NoteEmbedder()
    return EmbeddedCatalogue.build(catalogue, embedder, folder)


def _transcribed(csv_path: Path, root: Path, fonts: list[Path], limit: int, seed: int) -> list[TrueClip]:
    """Clips played in rooms and noise, and heard by the transcriber."""
    import numpy as np

    from ops.evaluate.rendering import piano_clips, record
    from processors.onsets import Transcriber
    from processors.onsets.constants import SAMPLE_RATE
    from processors.training.clips import TrueClip

    transcriber = Transcriber()
    rng = np.random.default_rng(seed)
    heard = []
    for number, clip in enumerate(piano_clips(csv_path, root, fonts, seed, limit)):
        sound = record(clip.samples, "base", number, rng)
        notes = transcriber.transcribe(sound, SAMPLE_RATE).notes
        heard.append(TrueClip(notes, clip.length_s, clip.path, None, None))
    return heard
