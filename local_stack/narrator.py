"""Tells the story on the terminal: steps, facts, and what is being waited for."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


class Wait:
    """Something that takes a while; `now_for` says what it is that keeps us."""

    def __init__(self, console: Console, progress: Progress, expected: timedelta) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("", total=expected.total_seconds())
        self._said = ""

    def now_for(self, what: str, elapsed: timedelta) -> None:
        """Update the bar; where there is no terminal, a line each time that the reason changes."""
        self._progress.update(self._task, description=what, completed=elapsed.total_seconds())
        if what != self._said and not self._console.is_terminal:
            self._console.print(f"    … {what}")
        self._said = what


class Narrator:
    """Writes to one console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step = 0

    def step(self, title: str) -> None:
        """Begin the next numbered step."""
        self._step += 1
        self._console.print(f"\n[bold cyan]{self._step}[/]  [bold]{title}[/]")

    def say(self, text: str) -> None:
        """One fact; addresses and commands come through as they are."""
        self._console.print(f"   {text}", markup=False, highlight=False, soft_wrap=True)

    def emphasise(self, text: str, *, good: bool) -> None:
        """One fact that matters."""
        self._console.print(f"   [bold {'green' if good else 'red'}]{text}[/]", soft_wrap=True)

    def fail(self, text: str) -> None:
        """What went wrong."""
        self._console.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)

    def table(self, columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
        """A small table."""
        table = Table(*columns, box=None, padding=(0, 3, 0, 3))
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    @contextmanager
    def waiting(self, expected: timedelta) -> Iterator[Wait]:
        """Show progress until the block ends."""
        columns = (TextColumn("   {task.description}"), BarColumn(30), TimeElapsedColumn())
        with Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        ) as progress:
            yield Wait(self._console, progress, expected)
