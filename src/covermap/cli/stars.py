"""`covermap stars`: stars of places, lines and areas, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.by_region import only
from covermap.cli.printing import known, print_data, print_table
from covermap.store import Build, Workspace
from covermap.tables import ALL, ANY, COMPONENTS, STAR_KINDS

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

HEADINGS = ["kind", "id", "name", "operator", "stars", "from-to", "points", *COMPONENTS]
LEFT = 5
NONE = "-"
_DIGITS = {"coverage": 3, "signal": 1, "rate": 3, "latency": 0, "stalls": 3}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("stars")(stars)


def stars(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    kind: str | None = typer.Option(None, "--kind", help=f"Only: {', '.join(STAR_KINDS)}."),
    identity: str | None = typer.Option(None, "--id", help="Only this place, line or region."),
    operator: str | None = typer.Option(
        None, "--operator", help="Operator, any or all; without it each operator by itself."
    ),
    technology: str = typer.Option(ANY, "--technology", help="Technology, or any."),
    why: bool = typer.Option(False, "--why", help="Show the arithmetic below each."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """Tell how many stars places, lines and areas have by the pack's formula, and why.

    Components that are not known count neither for nor against; from-to takes what is not measured
    as not covered and as covered, and figures of tests at the ends of their intervals.
    """
    build = Workspace(directory).current()
    if not build.rows("star_ratings"):
        typer.echo(_why_none(build))
        return
    rows: pd.DataFrame = build.read("star_ratings").to_pandas()
    rows = only(rows, {"technology": technology, "kind": kind, "id": identity})
    rows = only(rows, {"operator": operator})
    if operator is None:
        rows = rows[~rows["operator"].isin([ANY, ALL])]
    rows = rows.sort_values(["kind", "id", "operator"], kind="stable")
    if as_csv or as_json:
        print_data(rows, "csv" if as_csv else "json")
        return
    print_table(HEADINGS, [_row(row) for row in rows.to_dict("records")], LEFT)
    if why:
        for row in rows.to_dict("records"):
            typer.echo(f"{row['id']} {row['operator']}: {row['why']}")
    for line in _notes(rows, build.manifest["rules"]["stars"]):
        typer.echo(line)


def _why_none(build: Build) -> str:
    if build.manifest["rules"].get("stars") is None:
        pack = build.manifest["rules"].get("id", "?")
        return (
            f"The current build gave no stars: rule pack {pack} has no [stars]. Build with one "
            "that has, such as miit-2025."
        )
    return "The current build has no places, lines or regions to rate."


def _row(row: dict[Any, Any]) -> list[str]:
    given = int(row["stars"]) if known(row["stars"]) else None
    ends = NONE
    if known(row["stars_low"]) and known(row["stars_high"]):
        ends = f"{row['stars_low']:.0f}-{row['stars_high']:.0f}"
    return [
        row["kind"], row["id"], row["name"] if known(row["name"]) else NONE, row["operator"],
        "*" * given if given else NONE, ends, _figure(row["points"], 3),
        *(_figure(row[name], _DIGITS[name]) for name in COMPONENTS),
    ]  # fmt: skip


def _figure(value: Any, digits: int) -> str:
    return f"{value:.{digits}f}" if known(value) else NONE


def _notes(rows: pd.DataFrame, rule: dict[str, Any]) -> list[str]:
    weights = ", ".join(f"{name} {one['weight']:g}" for name, one in rule["components"].items())
    cuts = ", ".join(f"{cut:g}" for cut in rule["cut_offs"])
    said = [
        f"formula: {rule['title']}. Weights: {weights}; two to five stars from {cuts} points; "
        f"{rule['min_weight']:g} of the weight must be known."
    ]
    if rows["simulated"].any():
        said.append("simulated: made by the simulator, not measured")
    return said
