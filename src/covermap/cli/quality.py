"""`covermap quality`: rates, latency, stalls and connection, each with its interval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.by_region import only
from covermap.cli.printing import NOT_KNOWN, interval, known, percent, print_data, print_table
from covermap.store import Workspace
from covermap.tables import FIGURES, LEVELS, MIXED, SOURCES

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

KEY = ["scope", "level", "scope_id", "operator", "technology", "source"]
SHORT = {
    "mean_downlink_mbps": "down Mbit/s", "mean_uplink_mbps": "up Mbit/s",
    "tests_share": "rates met",
    "latency_median_ms": "latency ms", "latency_p95_ms": "95th", "stall_share": "stalled",
    "connect_share": "connected",
}  # fmt: skip
"""Figures of the table -> their heading."""
HEADINGS = ["place", "operator", "technology", "source", *SHORT.values(), "tests", "runs"]
LEFT = 4
ONE = [*HEADINGS[:4], "value", "interval", "target", "P(target)", "answer", "tests", "runs",
       "devices", "stand out"]  # fmt: skip
NONE = "-"
"""In the table: nothing of the kind was tested."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("quality")(quality)


def quality(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    operator: str | None = typer.Option(None, "--operator", help="Operator, or any: all tests."),
    technology: str | None = typer.Option(None, "--technology", help="Technology, or any."),
    source: str | None = typer.Option(
        None, "--source", help=f"{', '.join(SOURCES)}, or {MIXED}: several together."
    ),
    figure: str | None = typer.Option(
        None, "--figure", help=f"One figure, beside its target: {', '.join(FIGURES)}."
    ),
    level: str | None = typer.Option(
        None, "--level", help=f"Regions of this level: {', '.join(LEVELS)}."
    ),
    region: str | None = typer.Option(None, "--region", help="Only this region."),
    line: str | None = typer.Option(None, "--line", help="Only this line."),
    place: str | None = typer.Option(None, "--place", help="Only this key place."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """Tell what tests of rate, latency, stalls and connection came to, and how sure that is.

    Intervals respect that the tests of one run or device are alike; of a single one nothing is
    known of how others differ, so there is none. Sources have rows of their own.
    """
    rows: pd.DataFrame = Workspace(directory).current().read("quality_verdicts").to_pandas()
    if rows.empty:
        typer.echo("The current build has no tests of rate, latency, stalls or connection.")
        return
    rows = _where(rows, level, region, {"line": line, "place": place})
    wanted = {"operator": operator, "technology": technology, "source": source, "figure": figure}
    rows = only(rows, wanted)
    if as_csv or as_json:
        print_data(rows, "csv" if as_csv else "json")
        return
    if figure is not None:
        print_table(ONE, [_one(row) for row in rows.to_dict("records")], LEFT)
    else:
        groups = rows.groupby(KEY, dropna=False, sort=False)
        print_table(HEADINGS, [_all(group) for _, group in groups], LEFT)
    for said in _notes(rows):
        typer.echo(said)


def _where(
    rows: pd.DataFrame, level: str | None, region: str | None, others: dict[str, str | None]
) -> pd.DataFrame:
    """Keep what was asked for; without anything the whole."""
    for scope, identity in others.items():
        if identity is not None:
            return only(rows[rows["scope"] == scope], {"scope_id": identity})
    if region is None and level is None:
        return rows[rows["scope"] == "all"]
    return only(rows[rows["scope"] == "region"], {"level": level, "scope_id": region})


def _named(row: dict[Any, Any]) -> list[str]:
    place = "all"
    if row["scope"] != "all":
        place = f"{row['scope_id']} {row['name']}" if known(row["name"]) else str(row["scope_id"])
    return [place, str(row["operator"]), str(row["technology"]), str(row["source"])]


def _all(group: pd.DataFrame) -> list[str]:
    figures = {row["figure"]: row for row in group.to_dict("records")}
    first = next(iter(figures.values()))
    return [
        *_named(first),
        *(_short(figures.get(name)) for name in SHORT),
        str(max(row["tests"] for row in figures.values())),
        str(first["runs"]),
    ]


def _short(row: dict[Any, Any] | None) -> str:
    """Write a figure with its interval, as short as it can be read."""
    if row is None or not known(row["value"]):
        return NONE
    return f"{_value(row)} ({_interval(row)})" if _is_known(row) else _value(row)


def _is_known(row: dict[Any, Any]) -> bool:
    return known(row["low"]) or known(row["high"])


def _value(row: dict[Any, Any]) -> str:
    share = row["figure"].endswith("_share")
    if not known(row["value"]):
        return NOT_KNOWN
    return percent(row["value"]) if share else _number(row["value"])


def _interval(row: dict[Any, Any]) -> str:
    if not _is_known(row):
        return NOT_KNOWN
    if row["figure"].endswith("_share"):
        return interval(row["low"], row["high"])
    if not known(row["high"]):
        return f"over {_number(row['low'])}"
    if not known(row["low"]):
        return f"up to {_number(row['high'])}"
    return f"{_number(row['low'])}-{_number(row['high'])}"


def _number(value: float) -> str:
    """Write a rate or time to three digits.

    Examples
    --------
    >>> _number(57.673), _number(0.0031), _number(1234.0), _number(0.0)
    ('57.7', '0.0031', '1234', '0')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _one(row: dict[Any, Any]) -> list[str]:
    share = row["figure"].endswith("_share")
    target = percent(row["target"]) if share else f"{row['target']:g}"
    return [
        *_named(row), _value(row), _interval(row),
        target if known(row["target"]) else NONE,
        percent(row["probability"]) if known(row["target"]) else NONE,
        row["answer"] if known(row["answer"]) else NONE,
        str(row["tests"]), str(row["runs"]), str(row["devices"]), str(row["extremes"]),
    ]  # fmt: skip


def _notes(rows: pd.DataFrame) -> list[str]:
    said = []
    alone = rows[(rows["tests"] > 0) & (rows["clusters"] == 1)]
    if len(alone):
        said.append("no interval: of one run or device, how others would differ is not known")
    far = rows[(rows["extremes"] > 0)].sort_values("largest", ascending=False)
    for row in far.head(3).to_dict("records"):
        place, *layer = _named(row)
        said.append(
            f"stands out: {row['extremes']} of {row['tests']} tests of {place} "
            f"{'/'.join(layer)}, up to {_number(row['largest'])} Mbit/s; "
            f"{row['figure']} {_number(row['value'])}, without {_number(row['without_extremes'])}"
        )
    if rows["simulated"].any():
        said.append("simulated: made by the simulator, not measured")
    return said
