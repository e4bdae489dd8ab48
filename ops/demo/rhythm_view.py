"""What the demo shows of the live player's rhythm: the beat in its bar, tempo, section, and the errors that fire."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from schemas.events import Event
from schemas.rhythm import Beat, ErrorEvent, Section, Trigger

ERRORS_SHOWN = 3


@dataclass(slots=True)
class RhythmView:
    """Collects beats, sections, triggers and errors of one source, and draws them."""

    beat: Beat | None = None
    section: Section | None = None
    beats: int = 0
    bars: int = 0
    triggers: int = 0
    off_ms: list[float] = field(default_factory=list)
    errors: int = 0
    shown: deque[ErrorEvent] = field(default_factory=lambda: deque(maxlen=ERRORS_SHOWN))

    def take(self, event: Event) -> bool:
        """Take in an event; says whether it is one of the rhythm."""
        match event:
            case Beat():
                self.beat = event
                self.beats += 1
                self.bars += event.downbeat
            case Section():
                self.section = event
            case Trigger():
                self.triggers += 1
                self.off_ms.append((event.created_at - event.due_at) / 1000.0)
            case ErrorEvent():
                self.errors += 1
                self.shown.append(event)
            case _:
                return False
        return True

    def draw(self) -> RenderableType:
        """The panel."""
        title = "[bold]Rhythm[/]"
        if self.beat is None:
            return Panel(Text("waiting for the first beat", style="dim"), title=title)
        lines: list[RenderableType] = [self._now(self.beat)]
        if not self.shown:
            lines.append(Text("a trigger fires on every 16th beat", style="dim"))
        lines += [
            Text.assemble((f"beat {error.beat}: ", "dim"), (f"{error.severity} {error.code} ", "red"), error.message)
            for error in self.shown
        ]
        return Panel(Group(*lines), title=title)

    def _now(self, beat: Beat) -> Text:
        bar = "".join("●" if place <= beat.position else "○" for place in range(1, beat.beats_per_bar + 1))
        section = self.section.label if self.section else "section not known"
        return Text.assemble(
            (f"{bar} ", "bold cyan"),
            f"bar {self.bars}, beat {beat.position} of {beat.beats_per_bar}, {beat.tempo_bpm:.0f} bpm, {section}   ",
            (f"{self.beats} beats, {self.triggers} triggers, {self.errors} errors", "dim"),
        )
