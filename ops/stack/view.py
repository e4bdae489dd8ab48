"""What ``continuo up`` shows: a table that keeps itself up to date, or plain lines where there is no terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live

from .run_state import PartState
from .tables import parts_table


class PlainView:
    """A line for everything that happens, and for every part that changes its state."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[str, str] = {}

    def say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def show(self, parts: tuple[PartState, ...]) -> None:
        for part in parts:
            if self._states.get(part.name) != part.state:
                self._states[part.name] = part.state
                process = f", process {part.pid}" if part.pid else ""
                reason = f" {part.says}" if part.state in ("waiting", "unhealthy") else ""
                self.say(f"{part.name} is {part.state}{process}.{reason}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class LiveView:
    """A table of the parts at the foot of the terminal, what happens above it."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4, transient=True)

    def say(self, text: str) -> None:
        self._live.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def show(self, parts: tuple[PartState, ...]) -> None:
        self._live.update(parts_table(parts))

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


def view_for(console: Console) -> LiveView | PlainView:
    """The view that suits where the output goes."""
    return LiveView(console) if console.is_terminal else PlainView(console)
