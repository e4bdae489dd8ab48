"""``continuo gateway``, ``continuo error-generator`` and ``continuo cues``: HTTP in and out."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("gateway")(gateway)
    app.command("error-generator")(error_generator)
    app.command("cues")(cues)


def gateway() -> None:
    """Answer HTTP: songs, rhythm modes, beats; `continuo up` runs it, too. `/openapi.json` describes it."""
    from ops.commands.worker import worker

    worker("gateway")


def error_generator() -> None:
    """Take triggers by HTTP and publish error events; `continuo up` runs it, too."""
    from ops.commands.worker import worker

    worker("error-generator")


def cues(
    osc: Annotated[str | None, typer.Option(help="Send OSC by UDP to this host:port.")] = None,
    midi: Annotated[
        str | None, typer.Option(help="Play notes on this MIDI output; a part of its name will do.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only the triggers of this source.")] = None,
) -> None:
    """Send triggers on as cues for lights and visuals, until Ctrl-C. What comes late is dropped."""
    from connectors.consumer import EventReader
    from connectors.cues import Cue, Cues, MidiCue, OscCue, open_midi
    from connectors.registry import EventCodec
    from connectors.settings import Settings
    from ops.commands.explained import explained
    from ops.commands.signals import stopped_by_signals
    from schemas.rhythm import Trigger

    host, _, port = (osc or "").rpartition(":")
    if osc is None and midi is None:
        raise typer.BadParameter("Give --osc, --midi or both.")
    if osc is not None and not (host and port.isdigit()):
        raise typer.BadParameter("--osc takes host:port.")
    settings = Settings()
    with explained(), stopped_by_signals() as stop:
        ways: list[Cue] = [OscCue(host, int(port), settings.cues.osc_address)] if osc else []
        if midi:
            ways.append(MidiCue(open_midi(midi), settings.cues))
        out = Cues(ways, settings.cues.late_ms)
        with EventReader(settings, EventCodec(settings), ["triggers"], "latest") as reader:
            while not stop.is_set():
                received = reader.poll(0.02)
                event = received.event if received else None
                if isinstance(event, Trigger) and source in (None, event.source_id):
                    out.take(event)
                out.tick()
    typer.echo(f"{out.sent} cues sent, {out.late} dropped because they were late.")
