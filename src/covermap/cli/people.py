"""`covermap people`: people and area by verdict, per region and layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.by_region import only, region_of
from covermap.cli.printing import NOT_KNOWN, known, percent, print_data, print_table
from covermap.store import Workspace
from covermap.tables import ANY, LEVELS, VERDICTS

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

HEADINGS = ["region", "operator", "people", *VERDICTS, "share", "km2", *VERDICTS]
LEFT = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("people")(people)


def people(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    operator: str | None = typer.Option(None, "--operator", help="Only this operator."),
    technology: str = typer.Option(ANY, "--technology", help="Technology, or any."),
    level: str | None = typer.Option(
        None, "--level", help=f"Regions of this level: {', '.join(LEVELS)}."
    ),
    region: str | None = typer.Option(None, "--region", help="Only this region."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """Tell how many people and km2 are covered, weak, without service, or not measured.

    The four add up to all people of the region; share: covered people of all of them. Who lives in
    no region is told as outside. People come from [population] in covermap.toml.
    """
    build = Workspace(directory).current()
    rows: pd.DataFrame = build.read("people_verdicts").to_pandas()
    if rows.empty:
        typer.echo("The current build has no cells to count people in.")
        return
    wanted = {"technology": technology, "operator": operator, "level": level, "region_id": region}
    rows = only(rows, wanted)
    if as_csv or as_json:
        print_data(rows, "csv" if as_csv else "json")
        return
    print_table(HEADINGS, [_row(row) for row in rows.to_dict("records")], LEFT)
    for line in _notes(rows, build.manifest):
        typer.echo(line)


def _row(row: dict[Any, Any]) -> list[str]:
    amounts = [row["people"], *(row[f"{v}_people"] for v in VERDICTS)]
    areas = [row["area_km2"], *(row[f"{v}_km2"] for v in VERDICTS)]
    return [
        region_of(row),
        str(row["operator"]),
        *(f"{amount:.0f}" if known(amount) else NOT_KNOWN for amount in amounts),
        percent(row["people_covered_share"]),
        *(f"{area:.1f}" for area in areas),
    ]


def _notes(rows: pd.DataFrame, manifest: dict[str, Any]) -> list[str]:
    declared = manifest.get("config", {}).get("population")
    said = []
    if declared is None:
        said.append("people: not known, because covermap.toml declares no [population]")
    elif declared.get("attribution"):
        said.append(f"people: {declared['attribution']}")
    if rows["simulated"].any():
        said.append("simulated: made by the simulator, not measured")
    return said
