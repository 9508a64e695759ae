"""`covermap lines links`: side tracks and slip roads, and how many samples lie on each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.lines.listing import DIRECTORY
from covermap.cli.printing import check_known, kilometres, known, print_data, print_table
from covermap.store import Tables, Workspace
from covermap.tables import LINK_KINDS

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

SQL = """
SELECT k.link_id, k.class, k.kind, k.name, k.ref, k.length_m / 1000 AS km, k.input, k.simulated,
       coalesce(m.n, 0) AS samples
FROM links k
LEFT JOIN (SELECT link_id, count(*) AS n FROM matched GROUP BY link_id) m USING (link_id)
ORDER BY samples DESC, k.class, k.kind, k.name, k.link_id
"""


def list_links(
    directory: Path = DIRECTORY,
    kind: str | None = typer.Option(None, "--kind", help=f"One of {', '.join(LINK_KINDS)}."),
    line_class: str | None = typer.Option(None, "--class", help="Only those of this class."),
    every: bool = typer.Option(False, "--all", help="Those without samples, too."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """List side tracks and slip roads that samples lie on. They count for no line.

    What was measured on a connecting track, a siding or a slip road is kept with its place there,
    and is evidence of nothing: no kilometre of them is in any figure.
    """
    rows = link_rows(Workspace(directory).current())
    for value, column in ((kind, "kind"), (line_class, "class")):
        if value is not None:
            check_known(value, rows[column], column)
            rows = rows[rows[column] == value]
    whole, length = len(rows), rows["km"].sum()
    shown = rows if every else rows[rows["samples"] > 0]
    if as_csv or as_json:
        print_data(shown, "csv" if as_csv else "json")
        return
    if len(shown):
        cells = [_cells(row) for row in shown.to_dict("records")]
        print_table(["class", "kind", "name", "link", "km", "samples"], cells, 4)
    typer.echo(
        f"{whole} side tracks and slip roads, {kilometres(length)} km, in no figure; "
        f"{rows['samples'].sum()} samples on {(rows['samples'] > 0).sum()} of them"
    )


def link_rows(build: Tables) -> pd.DataFrame:
    """Links of a build, with the number of samples on each, the most first."""
    with build.connect("links", "matched") as connection:
        found: pd.DataFrame = connection.sql(SQL).to_arrow_table().to_pandas()
    return found


def _cells(row: dict[Any, Any]) -> list[str]:
    names = [str(row[c]) for c in ("name", "ref") if known(row[c])]
    length = kilometres(row["km"], 2)
    called = " ".join(names) or "-"
    return [
        str(row["class"]), str(row["kind"]), called, str(row["link_id"]), length,
        str(row["samples"]),
    ]  # fmt: skip
