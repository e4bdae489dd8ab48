"""Shows how far the demo's preparations are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Steps:
    """Steps one after the other; each is done when the next begins."""

    def __init__(self, progress: Progress, console: Console) -> None:
        self._progress = progress
        self._console = console

    def named(self, description: str) -> None:
        """Begin a step whose length is not known."""
        self._begin(description, None)

    def counted(self, description: str) -> Callable[[int, int], None]:
        """Begin a step that is counted; call the result with how much is done and how much there is."""
        task = self._begin(description, 1)
        return lambda done, total: self._progress.update(task, completed=done, total=total)

    def finish(self) -> None:
        """The last step is done."""
        for task in self._progress.tasks:
            if not task.finished:
                self._progress.update(task.id, total=task.completed or 1, completed=task.completed or 1)

    def _begin(self, description: str, total: int | None) -> TaskID:
        self.finish()
        if not self._console.is_terminal:
            self._console.print(f"{description}.", highlight=False)
        return self._progress.add_task(description, total=total)


@contextmanager
def steps(console: Console) -> Iterator[Steps]:
    """Show steps while inside."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        made = Steps(progress, console)
        yield made
        made.finish()
