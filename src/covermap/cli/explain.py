"""`covermap explain`: the rows that a figure on the scorecard comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.printing import known, print_data, print_table
from covermap.cli.score.card import Card, read_card
from covermap.errors import NotKnownError
from covermap.formats.figures import decimals
from covermap.store import Workspace

if TYPE_CHECKING:
    from covermap.pipeline.tracing import Trace

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    target: str = typer.Argument(help="A target of the rule pack, or scene.grade of a quota."),
    directory: Path = typer.Argument(Path(), help="The workspace."),
    region: str | None = typer.Option(None, "--region", help="Of this region."),
    operator: str | None = typer.Option(None, "--operator", help="Of this operator."),
    technology: str | None = typer.Option(None, "--technology", help="Of this technology."),
    limit: int = typer.Option(SHOWN, "--limit", min=1, help="Rows to print."),
    as_csv: bool = typer.Option(False, "--csv", help="Print all rows as CSV."),
    as_json: bool = typer.Option(False, "--json", help="Print all rows as JSON."),
) -> None:
    """Show what a figure on the scorecard rests on: its rows, and how the value follows from them.

    The value is computed once more from these rows, so that every number can be followed down to a
    line, a place, a village or a test.
    """
    from covermap.pipeline.tracing import trace

    wanted = {"operator": operator, "technology": technology, "region_id": region}
    card = read_card(Workspace(directory), "en", wanted)
    row = _asked(card, target, region)
    found = trace(card.build, row)
    if as_csv or as_json:
        print_data(found.rows.to_pandas(), "csv" if as_csv else "json")
        return
    _print(card, row, found, limit)


def _asked(card: Card, target: str, region: str | None) -> dict[Any, Any]:
    rows = card.rows[card.rows["headline"]]
    rows = rows[rows["region_id"].isna() if region is None else rows["region_id"] == region]
    whole = rows[(rows["target"] == target) & rows["part"].isna()]
    found = whole if len(whole) else rows[rows["part"] == target]
    if found.empty:
        there = sorted({*rows["target"], *rows["part"].dropna()})
        raise NotKnownError(
            f"no target {target!r} on the scorecard. There are: {', '.join(there) or 'none'}."
        )
    one = found.iloc[[0]].astype(object).where(found.iloc[[0]].notna(), None)
    return dict(one.to_dict("records")[0])


def _print(card: Card, row: dict[Any, Any], found: Trace, limit: int) -> None:
    place = f", {row['region_id']} {row['name'] or ''}".rstrip() if row["region_id"] else ""
    typer.echo(f"{row['part'] or row['target']}: {card.title(row)}{place}, {card.layer(row)}")
    for word, text in (
        ("value", f"{card.amount(row)} ({card.ends(row)})"),
        ("to reach", f"{card.figure(row)} by the end of {row['year']}; {card.source(row)}"),
        ("answer", f"{card.say(row['answer'])}; basis: {row['basis'] or 'not measured'}; data to: "
         f"{row['last'] or 'not known'}"),
        ("value =", f"{found.formula}, over {found.rows.num_rows} rows of {found.table}"
         f"{_again(found, row)}"),
    ):  # fmt: skip
        typer.echo(f"  {word:9} {text}")
    frame = found.rows.to_pandas().head(limit)
    if frame.empty:
        return
    texts = [[_text(name, value) for name, value in r.items()] for r in frame.to_dict("records")]
    print_table(list(frame.columns), texts, 1)
    if found.rows.num_rows > limit:
        typer.echo(f"... and {found.rows.num_rows - limit} more: `--limit`, `--csv` or `--json`")


def _again(found: Trace, row: dict[Any, Any]) -> str:
    return "" if found.again is None else f", which gives {found.again:,.3f} {row['unit']}"


def _text(name: Any, value: Any) -> str:
    if not known(value):
        return "-"
    if isinstance(value, float):
        return f"{value:.{min(decimals(str(name)), 3)}f}"
    return str(value)
