"""`covermap build`: run the pipeline in a workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from covermap.cli.bars import Bars
from covermap.formats.figures import plain

if TYPE_CHECKING:
    from covermap.pipeline import BuildResult, StepReport

MOST_TOLD = 20
"""Findings told one by one; `--json` has all."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("build")(build_command)


def build_command(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    rules: str | None = typer.Option(
        None, "--rules", help="Rule pack to judge by: a shipped name or a TOML file."
    ),
    workers: int | None = typer.Option(None, "--workers", min=1, help="Worker processes."),
    keep_going: bool = typer.Option(
        False, "--keep-going", help="Leave files that cannot be read aside, and list them."
    ),
    explain: bool = typer.Option(False, "--explain", help="Tell what each step read and wrote."),
    engine: str = typer.Option(
        "local", "--engine", help="Where parts of the work run: local, or spark (with --master)."
    ),
    master: str | None = typer.Option(
        None,
        "--master",
        help="Spark master: spark://HOST:7077, yarn, k8s://..., local-cluster[...].",
    ),
    memory: str | None = typer.Option(
        None, "--memory", help="Memory to keep to, such as 1GB [default: 60 % of what there is]."
    ),
    first: str | None = typer.Option(
        None, "--first", help="First period to judge, such as 2025-01 [default: all]."
    ),
    last: str | None = typer.Option(
        None, "--last", help="Last period to judge, included [default: all]."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the whole report as JSON."),
) -> None:
    """Build the workspace: inputs to verdicts, weak spots and tiles; then serve the result.

    Only what changed is made anew. An interrupted build leaves the one served before.
    """
    # imported here: the other commands start without the pipeline
    from covermap.engine import early_workers
    from covermap.engine.memory import parse_size
    from covermap.pipeline import BuildOptions, build
    from covermap.pipeline.attention import look_at
    from covermap.store import Tables

    console = Console(stderr=True)
    memory_bytes = parse_size(memory) if memory else None
    options = BuildOptions(rules, workers, keep_going, engine, master, memory_bytes, first, last)
    # processes first: bars are drawn by a thread
    with early_workers(engine, workers, memory_bytes) as pool, Bars(console) as bars:
        result = build(directory, options, BarProgress(bars), pool)
    serious = look_at(Tables(result.folder), result.files)
    if as_json:
        report = {**result.as_json(), "look_at": serious}
        typer.echo(json.dumps(plain(report), indent=1, ensure_ascii=False))
        return
    out = Console(soft_wrap=True)
    _summary(out, result)
    _look_at(out, serious)
    if explain:
        _explain(out, result)


def _summary(out: Console, result: BuildResult) -> None:
    said = result.as_json()
    out.print(f"build {result.id}", highlight=False)
    rejected = sum(said["rejected"].values())
    out.print(
        f"{said['read']} rows read = {said['accepted']} accepted + {rejected} rejected",
        highlight=False,
    )
    for reason, count in said["rejected"].items():
        out.print(f"  {reason:<22}{count:>10}", highlight=False)
    for message in result.unreadable:
        out.print(f"left aside: {message}", highlight=False, markup=False)
    names = ("cell_verdicts", "segment_verdicts", "line_verdicts", "weak_spots")
    counts = ", ".join(f"{result.tables.get(name, 0)} {name}" for name in names)
    out.print(counts, highlight=False)


def _look_at(out: Console, serious: list[str]) -> None:
    if not serious:
        return
    out.print("look at:", highlight=False)
    for message in serious[:MOST_TOLD]:
        out.print(f"  {message}", highlight=False, markup=False)
    if len(serious) > MOST_TOLD:
        out.print(f"  and {len(serious) - MOST_TOLD} more: `covermap build --json`", markup=False)


def _explain(out: Console, result: BuildResult) -> None:
    table = Table(show_edge=False)
    for heading in ("step", "parts", "from cache", "read", "wrote", "seconds"):
        table.add_column(heading)
    for step in result.steps:
        read, wrote = _listed(step.read), _listed(step.wrote)
        table.add_row(
            step.step, str(step.parts), str(step.cached), read, wrote, f"{step.seconds:.1f}"
        )
    out.print(table)


def _listed(rows: dict[str, int]) -> str:
    return "\n".join(f"{name} {count}" for name, count in rows.items())


class BarProgress:
    """Draws one bar a step; without a terminal, prints one line a step."""

    def __init__(self, bars: Bars) -> None:
        self.bars = bars

    def start(self, step: str, total: float) -> None:
        """Begin a bar."""
        self.bars.start(step, total)

    def advance(self, units: float) -> None:
        """Move the bar."""
        self.bars.advance(units)

    def end(self, report: StepReport) -> None:
        """Fill the bar; without a terminal, print one line."""
        self.bars.fill()
        if not self.bars.console.is_terminal:
            self.bars.console.print(f"{report.step}: {report.seconds:.1f} s", highlight=False)
