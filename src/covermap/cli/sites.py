"""`covermap sites`: base stations by region, and for its people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.by_region import only, region_of
from covermap.cli.printing import NOT_KNOWN, known, print_data, print_table
from covermap.store import Workspace
from covermap.tables import LEVELS

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

HEADINGS = [
    "region", "operator", "technology", "sites", "cells", "people", "per 10,000", "target",
]  # fmt: skip
LEFT = 3
NOT_GIVEN = "not given"
"""An operator that the site table does not name."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sites")(sites)


def sites(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    operator: str | None = typer.Option(None, "--operator", help="Only this operator, or all."),
    technology: str | None = typer.Option(
        None, "--technology", help="Only this technology, or all."
    ),
    level: str | None = typer.Option(
        None, "--level", help=f"Regions of this level: {', '.join(LEVELS)}."
    ),
    region: str | None = typer.Option(None, "--region", help="Only this region."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """Tell how many sites and cells there are, by region, operator and technology.

    A base station is an operator's site with a cell of the technology: a mast of two is two. Of 5G
    (nr, RedCap included) the number for 10,000 people stands beside the target of the end of 2027.
    People are those of [population] in covermap.toml, else those that the regions' file says.
    """
    rows: pd.DataFrame = Workspace(directory).current().read("region_sites").to_pandas()
    if not rows["sites"].any():
        typer.echo("The current build has no sites. Declare [[sites]], or [locate].")
        return
    rows["operator"] = rows["operator"].fillna(NOT_GIVEN)
    wanted = {"operator": operator, "technology": technology, "level": level, "region_id": region}
    rows = only(rows, wanted)
    if as_csv or as_json:
        print_data(rows, "csv" if as_csv else "json")
        return
    print_table(HEADINGS, [_row(row) for row in rows.to_dict("records")], LEFT)
    if rows["people"].isna().any():
        typer.echo(f"people: {NOT_KNOWN} where neither [population] nor the regions' file tells")
    if rows["simulated"].any():
        typer.echo("simulated: made by the simulator, not measured")


def _row(row: dict[Any, Any]) -> list[str]:
    return [
        region_of(row),
        str(row["operator"]),
        str(row["technology"]),
        str(row["sites"]),
        str(row["cells"]),
        f"{row['people']:.0f}" if known(row["people"]) else NOT_KNOWN,
        f"{row['per_10000']:.2f}" if known(row["per_10000"]) else NOT_KNOWN,
        f"{row['target_per_10000']:.0f}" if known(row["target_per_10000"]) else "-",
    ]
