"""`covermap lines`: kilometres by verdict per line and operator, from the current build.

Kilometres are route kilometres: parallel tracks and carriageways count once.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pandas as pd
import typer
from rich.cells import cell_len

from covermap.core.lines.chainage import chainage_text
from covermap.errors import NotKnownError
from covermap.store import Tables, Workspace
from covermap.tables import ANY, VERDICTS

lines = typer.Typer(help="Lines: kilometres by verdict in the current build.", no_args_is_help=True)

KILOMETRES = ["route_length_km", *(f"route_{v}_km" for v in VERDICTS)]
HEADINGS = {"route_length_km": "route km", **{f"route_{v}_km": v for v in VERDICTS}}
DIRECTORY = typer.Argument(Path(), help="The workspace.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(lines, name="lines")


@lines.command("list")
def list_lines(
    directory: Path = DIRECTORY,
    operator: str | None = typer.Option(None, "--operator", help="Only this operator."),
    technology: str = typer.Option(ANY, "--technology", help="Technology, or any."),
    line_class: str | None = typer.Option(None, "--class", help="Only lines of this class."),
) -> None:
    """List lines (courses of one number or name together) by operator, route km by verdict."""
    rows = _verdicts(Workspace(directory).current())
    _known(technology, rows["technology"], "technology")
    rows = rows[rows["technology"] == technology]
    for value, column in ((operator, "operator"), (line_class, "class")):
        if value is not None:
            _known(value, rows[column], column)
            rows = rows[rows[column] == value]
    grouped = rows.groupby(["class", "line", "operator"])
    made = grouped[KILOMETRES].sum().join(grouped["line_id"].nunique().rename("courses"))
    _print(made.reset_index(), ["class", "line", "courses", "operator"])


@lines.command("show")
def show_line(
    name: str = typer.Argument(help="Number (A 1), name, or line_id."),
    directory: Path = DIRECTORY,
) -> None:
    """Show the courses of a line, and each one's route km by verdict in every layer."""
    build = Workspace(directory).current()
    rows = _verdicts(build)
    if rows.empty:
        raise NotKnownError(f"{directory}: the current build has no lines.")
    names = rows[["line_id", "ref", "name"]].apply(lambda column: column.map(_plain))
    wanted = (names == _plain(name)).any(axis=1)
    if not wanted.any():
        known = sorted({*rows["line"], *rows["line_id"]})
        near = difflib.get_close_matches(name, known, n=5, cutoff=0.3) or known[:5]
        raise NotKnownError(f"no line {name!r} in the current build. Near: {', '.join(near)}.")
    rows = rows[wanted]
    courses = rows.drop_duplicates("line_id").sort_values("line_id")
    for row in courses.to_dict("records"):
        typer.echo(_course(row, build))
    layers = rows.assign(share=rows["covered_share"].map(_percent))
    order = ["line_id", "operator", "technology"]
    _print(layers.sort_values(order), order, ["longest_gap_km", "share", "answer"])


def _verdicts(build: Tables) -> pd.DataFrame:
    """Line verdicts with a column `line`: number, else name, else identity."""
    rows: pd.DataFrame = build.read("line_verdicts").to_pandas()
    rows["line"] = rows["ref"].fillna(rows["name"]).fillna(rows["line_id"])
    return rows


def _known(value: str, column: pd.Series[Any], what: str) -> None:
    known = sorted(set(column))
    if value not in known:
        there = ", ".join(known) or "none"
        raise NotKnownError(f"no {what} {value!r} in the lines of the current build: {there}.")


def _course(row: dict[Any, Any], build: Tables) -> str:
    """One line of text on a course: what it is, how long, which way, and its stations."""
    table = build.read("lines", ["line_id", "oneway", "input", "segment_m"]).to_pandas()
    line = table[table["line_id"] == row["line_id"]].iloc[0]
    way = {1.0: ", travel with the chainage", -1.0: ", travel against the chainage"}
    stations = build.read("stations", ["line_id", "name", "chainage_m"]).to_pandas()
    own = stations[stations["line_id"] == row["line_id"]].sort_values("chainage_m")
    stops = "".join(
        f"\n  {chainage_text(m)} {n}" for m, n in zip(own["chainage_m"], own["name"], strict=True)
    )
    return (
        f"{row['line_id']}: {row['class']} {row['line']}, {row['length_km']:.3f} km in segments of "
        f"{line['segment_m']:g} m{way.get(line['oneway'], '')}, from input {line['input']}{stops}"
    )


def _plain(name: object) -> str:
    """Bring a name into the form in which names are compared: A1 is A 1."""
    return "".join(str(name).casefold().split())


def _percent(share: float) -> str:
    return "-" if pd.isna(share) else f"{100 * share:.1f} %"


def _print(rows: pd.DataFrame, keys: list[str], more: list[str] | None = None) -> None:
    """Print a table in plain columns; kilometres with one decimal."""
    if rows.empty:
        typer.echo("The current build has no lines.")
        return
    shown = rows[[*keys, *KILOMETRES, *(more or [])]].rename(columns=HEADINGS)
    texts = [[str(c) for c in shown.columns], *[[_cell(v) for v in r] for r in shown.to_numpy()]]
    widths = [max(cell_len(row[i]) for row in texts) for i in range(len(shown.columns))]
    for row in texts:
        cells = [
            " " * (width - cell_len(text)) + text
            if i >= len(keys)
            else text + " " * (width - cell_len(text))
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo("  ".join(cells).rstrip())


def _cell(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
