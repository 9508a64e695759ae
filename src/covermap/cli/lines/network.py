"""`covermap lines network`: kilometres continuously covered, with intervals, beside the targets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.lines.listing import DIRECTORY
from covermap.cli.printing import (
    NOT_KNOWN,
    check_known,
    kilometres,
    known,
    percent,
    print_data,
    print_table,
)
from covermap.store import Workspace
from covermap.tables import ANY

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

HEADINGS = [
    "class", "region", "operator", "units", "pass", "fail", "open", "route km",
    "continuous km", "interval km", "target", "P(target)",
]  # fmt: skip


def show_network(
    directory: Path = DIRECTORY,
    operator: str | None = typer.Option(None, "--operator", help="Only this operator."),
    technology: str = typer.Option(ANY, "--technology", help="Technology, or any."),
    line_class: str | None = typer.Option(None, "--class", help="Only this class."),
    regions: bool = typer.Option(False, "--regions", help="Each region by itself."),
    region: str | None = typer.Option(None, "--region", help="Only this region."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """Sum up lines by class: km continuously covered, low and high, and the pack's target.

    Lines measured in one campaign rise and fall together in the interval: what shifted one of them
    (an antenna, a device, a season) may have shifted all.
    """
    rows: pd.DataFrame = Workspace(directory).current().read("network_verdicts").to_pandas()
    if rows.empty:
        typer.echo("The current build has no sums of lines.")
        return
    scope = "region_class" if regions or region is not None else "class"
    rows = rows[rows["scope"] == scope]
    for value, column in (
        (technology, "technology"), (operator, "operator"), (line_class, "class"),
        (region, "region_id"),
    ):  # fmt: skip
        if value is not None:
            check_known(value, rows[column], column.removesuffix("_id"))
            rows = rows[rows[column] == value]
    if as_csv or as_json:
        print_data(rows, "csv" if as_csv else "json")
        return
    rows = rows.sort_values(["class", "region_id", "operator"], na_position="first")
    print_table(HEADINGS, [_row(r) for r in rows.to_dict("records")], 3)
    if rows["simulated"].any():
        typer.echo("simulated: made by the simulator, not measured")


def _row(row: dict[Any, Any]) -> list[str]:
    low, high = row["continuous_low_km"], row["continuous_high_km"]
    ends = f"{low:.0f}-{high:.0f}" if known(low) and known(high) else NOT_KNOWN
    units = [row["units"], row["units_pass"], row["units_fail"], row["units_undetermined"]]
    target = f"{row['target']:g} {row['target_unit']}" if known(row["target"]) else "none"
    return [
        str(row["class"]), str(row["region_id"]) if known(row["region_id"]) else "all",
        str(row["operator"]), *(str(int(u)) if known(u) else NOT_KNOWN for u in units),
        kilometres(row["route_length_km"], 0), kilometres(row["continuous_km"], 0), ends, target,
        percent(row["p_target"]) if known(row["target"]) else "-",
    ]  # fmt: skip
