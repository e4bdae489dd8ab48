"""``continuo bridge``: a keyboard, a microphone, or a file played in time, into Kafka as notes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("bridge")(bridge)


def bridge(
    midi: Annotated[Path | None, typer.Option(help="Play this MIDI file.", exists=True, dir_okay=False)] = None,
    audio: Annotated[
        Path | None, typer.Option(help="Play this sound file; its notes are heard here.", exists=True, dir_okay=False)
    ] = None,
    speed: Annotated[float, typer.Option(help="With a file: 2 is twice as fast, inf as fast as it goes.")] = 1.0,
    fast: Annotated[bool, typer.Option("--fast", help="The same as --speed inf.")] = False,
    port: Annotated[str | None, typer.Option(help="Follow this MIDI input; a part of its name will do.")] = None,
    virtual: Annotated[str | None, typer.Option(help="Offer a MIDI input of this name to other programs.")] = None,
    microphone: Annotated[
        str | None, typer.Option(help="Listen to this sound input; a part of its name, or `default`.")
    ] = None,
    list_ports: Annotated[bool, typer.Option("--list", help="List the MIDI inputs and end.")] = False,
    list_microphones: Annotated[
        bool, typer.Option("--list-microphones", help="List the sound inputs and end.")
    ] = False,
    api: Annotated[str | None, typer.Option(help="The MIDI system, such as linux_alsa or unix_jack.")] = None,
    source_id: Annotated[str | None, typer.Option(help="Names the player; else the name of the file or port.")] = None,
    session: Annotated[str | None, typer.Option(help="Names this session; else a fresh id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The list or the summary as one JSON object.")] = False,
) -> None:
    """Bring live notes into the topic `notes`, until the file ends or Ctrl-C. Exit code 1: some events were lost."""
    from dataclasses import asdict

    from connectors.audio_bridge import AudioBridge
    from connectors.midi_bridge import MidiBridge
    from connectors.producer import EventProducer
    from connectors.registry import EventCodec
    from connectors.settings import Settings
    from ops.commands.explained import explained
    from ops.commands.signals import stopped_by_signals

    given = [option is not None for option in (midi, audio, port, virtual, microphone)]
    if sum([*given, list_ports, list_microphones]) != 1:
        raise typer.BadParameter(
            "Give one of --midi, --audio, --port, --virtual, --microphone, --list and --list-microphones."
        )
    if not speed > 0:
        raise typer.BadParameter("--speed must be more than 0.")
    with explained():
        if list_ports or list_microphones:
            _print_inputs(list_microphones, api, as_json)
            return
        settings = Settings()
        file = midi or audio
        source = source_id or (file.stem if file else port or virtual or microphone or "")
        pace = float("inf") if fast else speed
        with EventProducer(settings, EventCodec(settings)) as producer, stopped_by_signals() as stop:

            def tell(sentence: str) -> None:
                typer.echo(sentence, err=True)

            if audio or microphone:
                heard = AudioBridge(settings, producer, source, session, tell)
                report = (
                    heard.play_file(audio, stop, pace) if audio else heard.follow_microphone(microphone or "", stop)
                )
            elif midi:
                report = MidiBridge(settings, producer, source, session, tell).play_file(midi, stop, pace)
            else:
                played = MidiBridge(settings, producer, source, session, tell)
                report = played.follow_port(port or virtual or "", stop, virtual=bool(virtual), api=api)
    if as_json:
        typer.echo(json.dumps({"source_id": source} | asdict(report)))
    else:
        typer.echo(f"{report.sent} events of {source} sent, {report.lost} lost (session {report.session_id}).")
    raise typer.Exit(1 if report.lost else 0)


def _print_inputs(microphones: bool, api: str | None, as_json: bool) -> None:
    from connectors.microphone import microphone_names
    from connectors.midi_ports import api_names, port_names

    names = microphone_names() if microphones else port_names(api)
    if not as_json:
        typer.echo("\n".join(names))
    elif microphones:
        typer.echo(json.dumps({"microphones": names}))
    else:
        typer.echo(json.dumps({"apis": api_names(), "ports": names}))
