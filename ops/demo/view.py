"""What the demo shows in the terminal: answers as they arrive, and the live player's place in the work."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from schemas.events import Candidate, Match

from .rhythm_view import RhythmView
from .sound import SoundView

ROWS = 12
BAR_CELLS = 30


@dataclass(slots=True)
class ClipAnswer:
    """One clip's answer beside what was played."""

    played: str
    disturbed: str
    match: Match
    right: bool | None
    """True or False where a work of the catalogue was played; None for other clips."""


@dataclass(slots=True)
class DemoView:
    """Collects what happens and draws it; ``__rich__`` is called by the live display."""

    note: str
    clips_total: int = 0
    phase: str = "Starting"
    published: int = 0
    answers: deque[ClipAnswer] = field(default_factory=lambda: deque(maxlen=ROWS))
    answered: int = 0
    matched: int = 0
    unknown: int = 0
    failed: int = 0
    dead_letters: int = 0
    right: int = 0
    judged: int = 0
    live_title: str = ""
    live_heard: int = 0
    live: Match | None = None
    live_work_s: float = 0.0
    live_first_s: float | None = None
    rhythm: RhythmView = field(default_factory=RhythmView)
    sound: SoundView = field(default_factory=SoundView)

    def clip_answered(self, answer: ClipAnswer) -> None:
        """Take in the answer to one clip."""
        self.answers.append(answer)
        self.answered += 1
        status = answer.match.status
        self.matched += status == "matched"
        self.unknown += status == "unknown"
        self.failed += status == "failed"
        if answer.right is not None:
            self.judged += 1
            self.right += answer.right

    def live_answered(self, match: Match) -> None:
        """Take in the running answer for the live player."""
        self.live = match
        self.live_heard = match.notes_heard
        if match.status == "matched" and self.live_first_s is None:
            self.live_first_s = match.time_s

    def __rich__(self) -> RenderableType:
        layout = Layout()
        layout.split_column(
            Layout(self._header(), size=6),
            Layout(self._live(), size=9),
            Layout(self.rhythm.draw(), size=6),
            Layout(self._clips()),
        )
        return layout

    def final(self) -> RenderableType:
        """The last picture, as it stays in the terminal."""
        return Group(self._header(), self._live(), self.rhythm.draw(), self._clips())

    def line(self) -> str:
        """Where the demo is, on one line, for where there is no terminal."""
        live = self.live.candidates[0].title if self.live and self.live.status == "matched" else "unknown so far"
        return (
            f"{self.answered} of {self.clips_total} clips answered, {self.matched} matched, {self.unknown} unknown, "
            f"{self.failed} failed; live player: {live}, {self.rhythm.beats} beats, {self.rhythm.errors} errors fired"
        )

    def _header(self) -> Panel:
        counts = Text.assemble(
            (f"{self.matched} matched", "green"),
            "   ",
            (f"{self.unknown} unknown", "yellow"),
            "   ",
            (f"{self.failed} failed", "red"),
            "   ",
            (f"{self.dead_letters} dead letters", "magenta"),
            "   ",
            f"right {self.right} of {self.judged}",
        )
        progress = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(1, self.clips_total), completed=self.answered, width=40)
        progress.add_row("clips", bar, f"{self.answered}/{self.clips_total} answered, {self.published} published")
        title = f"[bold]Continuo[/]  {self.phase}"
        return Panel(Group(counts, progress, self.sound.line(), Text(self.note, style="dim")), title=title)

    def _live(self) -> Panel:
        title = f"[bold]Live player[/]  {self.live_title}"
        if self.live is None:
            return Panel(Text("waiting for the first note", style="dim"), title=title)
        lines: list[RenderableType] = [Text(f"{self.live_heard} notes in the window, {self.live.time_s:.1f} s played")]
        if self.live.status == "matched":
            best = self.live.candidates[0]
            lines.append(Text(f"{best.composer}: {best.title}", style="bold green"))
            lines.append(_position(best, self.live_work_s))
            lines.append(Text(_manner(best)))
            lines.append(_bar("confidence", best.confidence, "green"))
            if self.live_first_s is not None:
                lines.append(Text(f"first known {self.live_first_s:.1f} s into the piece", style="dim"))
        else:
            lines.append(Text("unknown so far", style="yellow"))
            lines.extend(_bar(candidate.title[:40], candidate.confidence, "yellow") for candidate in _best(self.live))
        return Panel(Group(*lines), title=title)

    def _clips(self) -> Panel:
        table = Table(expand=True, box=None, pad_edge=False)
        table.add_column("", width=1)
        table.add_column("played", ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column("how", width=19, no_wrap=True)
        table.add_column("answer", ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column("where, how", width=30, no_wrap=True)
        table.add_column("sure", width=4, justify="right")
        table.add_column("ms", width=6, justify="right")
        for answer in self.answers:
            table.add_row(*_row(answer))
        return Panel(table, title="[bold]Clips[/]")


def _best(match: Match) -> Sequence[Candidate]:
    return match.candidates[:3]


def _row(answer: ClipAnswer) -> tuple[RenderableType, ...]:
    match = answer.match
    mark = {True: Text("✓", "green"), False: Text("✗", "red"), None: Text("·", "dim")}[answer.right]
    latency = f"{match.latency_ms:.1f}"
    if match.status == "matched":
        best = match.candidates[0]
        said = Text(f"{best.composer}: {best.title}", "green")
        return mark, answer.played, answer.disturbed, said, _manner(best), f"{best.confidence:.2f}", latency
    reason = match.error.message if match.error else "unknown"
    return mark, answer.played, answer.disturbed, Text(reason, "red" if match.error else "yellow"), "", "", latency


def _manner(candidate: Candidate) -> str:
    return f"at {candidate.ref_start_s:.0f} s, key {candidate.transposition:+d}, tempo ×{candidate.tempo_ratio:.2f}"


def _position(candidate: Candidate, work_s: float) -> RenderableType:
    share = min(1.0, candidate.ref_end_s / work_s) if work_s else 0.0
    return _bar(f"{candidate.ref_end_s:.1f} s of {work_s:.0f} s in the work", share, "cyan")


def _bar(label: str, share: float, style: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_row(f"{label:<40}", ProgressBar(total=1.0, completed=share, width=BAR_CELLS, complete_style=style))
    return grid
