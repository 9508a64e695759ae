"""`covermap export`: rows of the current build to a file."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from covermap.formats.export import FORMATS
from covermap.steps.export import KINDS, ExportRequest, Filters, export
from covermap.store import Workspace

QUIET_S = 2.0
"""Shorter exports show no progress."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export_command)


def export_command(
    kind: str = typer.Argument(help=f"What to export: {', '.join(KINDS)}."),
    directory: Path = typer.Argument(Path(), help="The workspace."),
    to: Path = typer.Option(..., "--to", help="File to write; one that is there is replaced."),
    form: str | None = typer.Option(
        None, "--format", help=f"{', '.join(FORMATS)}. Default: by the file's suffix."
    ),
    datum: str = typer.Option(
        "wgs84", "--datum", help="wgs84, gcj02, bd09, cgcs2000 or EPSG:n. Named in the file."
    ),
    operator: str | None = typer.Option(None, "--operator", help="One operator; any, all too."),
    technology: str | None = typer.Option(None, "--technology", help="One technology; any too."),
    line: str | None = typer.Option(None, "--line", help="One line: identity, number or name."),
    limit: int | None = typer.Option(None, "--limit", min=1, help="So many rows at most."),
    top: int | None = typer.Option(
        None, "--top", min=1, help="The so many largest of each kind in each layer."
    ),
    build: str | None = typer.Option(None, "--build", help="A build's id. Default: the current."),
) -> None:
    """Write weak spots, lines, cells or samples of a build to a file that names its datum."""
    space = Workspace(directory)
    opened = space.build(build) if build else space.current()
    request = ExportRequest(kind, to, form, datum, Filters(operator, technology, line, limit, top))
    with LateBar(Console(stderr=True), f"export {kind}") as bar:
        result = export(opened, request, bar.tell)
    typer.echo(f"{result.path}: {result.rows} rows, {result.format}, datum {result.datum}")


class LateBar:
    """A progress bar that appears only when the work takes longer than `QUIET_S`."""

    def __init__(self, console: Console, what: str) -> None:
        self.bars = Bars(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} rows"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.what, self.console = what, console
        self.task: TaskID | None = None
        self.started = time.monotonic()

    def __enter__(self) -> Self:
        """Begin to count the time."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self.task is not None:
            self.bars.stop()

    def tell(self, done: int, total: int) -> None:
        """Show the rows done; where there is no terminal, say once that it takes a while."""
        if self.task is None and time.monotonic() - self.started > QUIET_S:
            self.task = self.bars.add_task(self.what, total=total)
            self.bars.start()
            if not self.console.is_terminal:
                self.console.print(f"{self.what}: {total} rows ...", highlight=False)
        if self.task is not None:
            self.bars.update(self.task, completed=done)
