"""``continuo bridge``: a keyboard, or a MIDI file played in time, into Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("bridge")(bridge)


def bridge(
    midi: Annotated[Path | None, typer.Option(help="Play this MIDI file.", exists=True, dir_okay=False)] = None,
    speed: Annotated[float, typer.Option(help="With --midi: 2 is twice as fast, inf as fast as it goes.")] = 1.0,
    port: Annotated[str | None, typer.Option(help="Follow this MIDI input; a part of its name will do.")] = None,
    virtual: Annotated[str | None, typer.Option(help="Offer a MIDI input of this name to other programs.")] = None,
    list_ports: Annotated[bool, typer.Option("--list", help="List the MIDI inputs and end.")] = False,
    api: Annotated[str | None, typer.Option(help="The MIDI system, such as linux_alsa or unix_jack.")] = None,
    source_id: Annotated[str | None, typer.Option(help="Names the player; else the name of the file or port.")] = None,
    session: Annotated[str | None, typer.Option(help="Names this session; else a fresh id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The list or the summary as one JSON object.")] = False,
) -> None:
    """Bring live notes into the topic `notes`, until the file ends or Ctrl-C. Exit code 1: some events were lost."""
    import json
    from dataclasses import asdict

    from connectors.midi_bridge import MidiBridge
    from connectors.midi_ports import api_names, port_names
    from connectors.producer import EventProducer
    from connectors.registry import EventCodec
    from connectors.settings import Settings
    from ops.commands.explained import explained
    from ops.commands.signals import stopped_by_signals

    if sum([midi is not None, port is not None, virtual is not None, list_ports]) != 1:
        raise typer.BadParameter("Give one of --midi, --port, --virtual and --list.")
    if not speed > 0:
        raise typer.BadParameter("--speed must be more than 0.")
    with explained():
        if list_ports:
            names = port_names(api)
            typer.echo(json.dumps({"apis": api_names(), "ports": names}) if as_json else "\n".join(names))
            return
        settings = Settings()
        source = source_id or (midi.stem if midi else port or virtual or "")
        with EventProducer(settings, EventCodec(settings)) as producer, stopped_by_signals() as stop:
            session_of_player = MidiBridge(settings, producer, source, session, lambda line: typer.echo(line, err=True))
            if midi:
                report = session_of_player.play_file(midi, stop, speed)
            else:
                report = session_of_player.follow_port(port or virtual or "", stop, virtual=bool(virtual), api=api)
    if as_json:
        typer.echo(json.dumps({"source_id": source} | asdict(report)))
    else:
        typer.echo(f"{report.sent} events of {source} sent, {report.lost} lost (session {report.session_id}).")
    raise typer.Exit(1 if report.lost else 0)
