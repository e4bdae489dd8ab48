"""The demo from start to end."""

from __future__ import annotations

import io
import json
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.music21_works import build_music21
from ops.stack.foreground import run_in_background
from ops.stack.scratch import scratch_settings
from ops.stack.teardown import take_down
from schemas import topics
from schemas.events import DeadLetter, Match, new_event_id

from .plan import DemoPlan, make_plan
from .players import play_live, publish_clips, send_rubbish
from .progress import steps
from .searching import ask, print_found
from .summary import print_summary, summarise
from .view import ClipAnswer, DemoView

DISTURBANCE = (
    "Clips are shifted up to 6 semitones and played ×0.66-1.5, with a tenth of the notes dropped and a tenth added."
)
WATCHED = [
    topics.MATCHES.name,
    topics.DEAD_LETTERS.name,
    topics.BEATS.name,
    topics.SECTIONS.name,
    topics.TRIGGERS.name,
    topics.ERROR_EVENTS.name,
    topics.INSTRUMENTS.name,
]
SILENCE_S = 30.0
LINE_EVERY = 25
FONT_FACES = re.compile(r"@font-face \{.*?\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How much is played.

    Attributes:
        clips: clips cut from works; a few from outside and a few broken ones come on top.
        clips_per_s: how fast they are published.
        live_seconds: how long the live player plays.
        keep: leave the stack up, on the ports and in the folder of the settings in force.
        report: where the account is written.
        picture: where the last picture is written as SVG, if anywhere.
    """

    clips: int
    clips_per_s: float
    live_seconds: float
    seed: int
    keep: bool
    report: Path
    picture: Path | None = None


def run_demo(options: DemoOptions, console: Console) -> dict[str, Any]:
    """Run the demo and write its account.

    Returns:
        The account, as in ``demo-report.json``.

    Raises:
        StackError: the stack cannot be brought up; says why.
    """
    started = time.perf_counter()
    with _stack(options, console) as (settings, plan):
        run = f"demo-{new_event_id()[:8]}"
        codec = EventCodec(settings)
        console.print(f"Watch it in a browser: {settings.gateway_url}#{run}-live", highlight=False)
        view = DemoView(note=DISTURBANCE, clips_total=len(plan.clips), live_title=plan.live.title)
        view.live_work_s = plan.live_work_s
        rubbish = _play(settings, codec, plan, run, options, view, console)
        console.print(view.final())
        if options.picture:
            _draw(view, options.picture)
        found = ask(settings)
        account = summarise(settings, run, plan, rubbish)
    account["seconds"] = round(time.perf_counter() - started, 1)
    account |= {"right": view.right, "judged": view.judged, "instruments": view.sound.told, "search": found}
    options.report.write_text(json.dumps(account, indent=2) + "\n")
    print_summary(account, console)
    print_found(found, console)
    console.print(f"The account is in {options.report}.")
    if options.keep:
        console.print(f"Everything is up. Watch it, and play yourself: {settings.gateway_url}", highlight=False)
    else:
        console.print("To play yourself on a page in the browser: make demo KEEP=1", highlight=False)
    return account


@contextmanager
def _stack(options: DemoOptions, console: Console) -> Iterator[tuple[Settings, DemoPlan]]:
    with tempfile.TemporaryDirectory(prefix="continuo-demo-") as folder:
        settings = Settings() if options.keep else scratch_settings(Path(folder))
        with steps(console) as step:
            counted = step.counted("Building the catalogue from the scores that come with music21")
            works = build_music21(settings.catalogue_dir, settings, counted)
            plan = make_plan(works, options.clips, options.live_seconds, options.seed)
            step.named("Starting Kafka, the schema registry, Redis, ClickHouse and the workers")
            said = run_in_background(settings, clips_workers=1)
        try:
            yield settings, plan
        except BaseException:
            take_down(settings)
            raise
        if options.keep:
            console.print(said, highlight=False)
        else:
            take_down(settings)


def _play(
    settings: Settings,
    codec: EventCodec,
    plan: DemoPlan,
    run: str,
    options: DemoOptions,
    view: DemoView,
    console: Console,
) -> int:
    """Play everything and show what comes back; says how many records were sent that are no clips."""
    stop = threading.Event()
    live_source = f"{run}-live"
    with EventReader(settings, codec, WATCHED, "latest") as reader:
        players = [
            threading.Thread(
                target=publish_clips,
                args=(settings, codec, plan.clips, plan.sung, options.clips_per_s, run, view),
                name="clips",
            ),
            threading.Thread(target=play_live, args=(settings, codec, plan.live_midi, live_source, stop), name="live"),
        ]
        view.phase = "Playing"
        rubbish = send_rubbish(settings, run)
        for player in players:
            player.start()
        try:
            with _display(view, console):
                _follow(reader, plan, run, view, players, rubbish, console)
        finally:
            stop.set()
            for player in players:
                player.join()
        view.phase = "Played"
    return rubbish


def _follow(
    reader: EventReader,
    plan: DemoPlan,
    run: str,
    view: DemoView,
    players: list[threading.Thread],
    rubbish: int,
    console: Console,
) -> None:
    """Show what comes until everything is answered, or nothing more comes."""
    played = {f"{run}-{clip.clip_id}": clip for clip in plan.clips}
    heard_at = time.monotonic()
    while time.monotonic() - heard_at < SILENCE_S:
        done = view.answered == len(plan.clips) and view.dead_letters >= rubbish and not view.sound.waits
        if done and not any(player.is_alive() for player in players):
            return
        received = reader.poll()
        event = received.event if received else None
        if event is None or not event.source_id.startswith(run):
            continue
        heard_at = time.monotonic()
        if view.rhythm.take(event) or view.sound.take(event):
            continue
        if isinstance(event, DeadLetter):
            view.dead_letters += 1
        elif isinstance(event, Match) and event.kind == "live":
            view.live_answered(event)
        elif isinstance(event, Match) and event.clip_id in played:
            clip = played.pop(event.clip_id)
            view.clip_answered(ClipAnswer(clip.name, clip.disturbed, event, clip.judge(event)))
            if not console.is_terminal and view.answered % LINE_EVERY == 0:
                console.print(view.line(), highlight=False)


@contextmanager
def _display(view: DemoView, console: Console) -> Iterator[None]:
    if not console.is_terminal:
        yield
        return
    with Live(view, console=console, refresh_per_second=8, screen=True):
        yield


def _draw(view: DemoView, picture: Path) -> None:
    canvas = Console(record=True, width=140, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    canvas.print(view.final())
    # without fonts from elsewhere: the picture must look the same without a network
    picture.write_text(FONT_FACES.sub("", canvas.export_svg(title="make demo")))
