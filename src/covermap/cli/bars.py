"""Progress on the terminal, one way for all commands: nothing is drawn where there is none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

QUIET_S = 2.0
"""Work that is done sooner shows no late bar."""


class Bars:
    """Bars of named pieces of work, with the time that has gone and the time left.

    Parameters
    ----------
    console
        Where to draw; nothing is drawn unless it is a terminal.
    after_s
        Draw only when the work has taken so long.
    counted
        What is counted: `rows` shows 5/10 rows; None shows per cent.
    """

    def __init__(self, console: Console, after_s: float = 0.0, counted: str | None = None) -> None:
        amount = (
            "{task.percentage:>3.0f} %"
            if counted is None
            else "{task.completed:.0f}/{task.total:.0f} " + counted
        )
        self._bars = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TextColumn(amount),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[what]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self.console, self.after_s = console, after_s
        self._begun = time.monotonic()
        self._counted = counted
        self._task: TaskID | None = None
        self._name = ""
        self.shown = False

    def __enter__(self) -> Self:
        """Begin to count the time."""
        self._begun = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bars away."""
        if self.shown:
            self._bars.stop()

    def start(self, name: str, total: float | None) -> None:
        """Begin a bar; None: how much there is to do is not known."""
        self._name = name
        self._task = self._bars.add_task(name, total=total or None, what="")
        if self._counted is None:
            self._draw()

    def advance(self, units: float) -> None:
        """Move the bar by units done."""
        if self._task is not None:
            self._bars.advance(self._task, units)
            self._draw()

    def move(self, done: float, total: float | None = None, what: str = "") -> None:
        """Move the bar to what is done in all, of `total`, and say what is being done."""
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total, what=what)
            self._draw(total)

    def fill(self) -> None:
        """Show the bar as done."""
        if self._task is not None:
            self._bars.update(self._task, total=1, completed=1, what="")

    def _draw(self, total: float | None = None) -> None:
        if self.shown or time.monotonic() - self._begun < self.after_s:
            return
        self.shown = True
        self._bars.start()
        if self._counted and total is not None and not self.console.is_terminal:
            text = f"{self._name}: {total:.0f} {self._counted} ..."
            self.console.print(text, highlight=False)


@contextmanager
def working(console: Console, what: str) -> Iterator[None]:
    """Show that something is going on whose amount is not known."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bars:
        bars.add_task(what, total=None)
        yield
