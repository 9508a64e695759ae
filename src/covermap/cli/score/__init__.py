"""`covermap score`: how far each target of the rule pack is reached, on one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from covermap.cli.printing import known, percent, print_table
from covermap.cli.score.card import Card, Row, read_card
from covermap.cli.score.settle import would_settle
from covermap.cli.score.words import LANGUAGES, Language
from covermap.errors import NotKnownError
from covermap.formats.figures import plain
from covermap.store import Workspace, write_text

HEADINGS = ("target", "value", "interval", "target_value", "reached", "total", "open", "answer",
            "basis", "last", "layer")  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("score")(score)


def score(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    regions: bool = typer.Option(False, "--regions", help="Rank the regions of each target."),
    level: str | None = typer.Option(None, "--level", help="Regions of this level."),
    region: str | None = typer.Option(None, "--region", help="Only this region."),
    operator: str | None = typer.Option(None, "--operator", help="Only this operator."),
    technology: str | None = typer.Option(None, "--technology", help="Only this technology."),
    against: str | None = typer.Option(
        None, "--against", help="Build to compare with: its id, or previous."
    ),
    language: str = typer.Option("en", "--language", help="en or zh."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON: every row and column."),
    xlsx: Path | None = typer.Option(None, "--xlsx", help="Write a spreadsheet here."),
    html: Path | None = typer.Option(None, "--html", help="Write one page for print here."),
) -> None:
    """Tell how far each target of the rule pack is reached, how sure that is, and by what.

    A value stands with its interval: what nobody measured counts as bad for the lower end, and as
    good for the upper one. Without --operator and --technology each target is told for the layer
    that the pack groups by. `covermap explain TARGET` shows the rows behind a figure.
    """
    space = Workspace(directory)
    wanted = {"operator": operator, "technology": technology, "level": level, "region_id": region}
    card = read_card(space, _language(language), wanted, _other(space, against))
    for path, write in ((xlsx, _write_sheet), (html, _write_page)):
        if path is not None:
            write(card, path)
    if as_json:
        typer.echo(json.dumps(as_data(card), ensure_ascii=False, indent=1))
    elif card.rows.empty:
        typer.echo(f"rule pack {card.pack['id']} has no targets")
    else:
        _print(card, regions or region is not None or level is not None)


def _language(text: str) -> Language:
    for one in LANGUAGES:
        if one == text:
            return one
    raise NotKnownError(f"--language {text}: it can be {' or '.join(LANGUAGES)}.")


def _other(space: Workspace, against: str | None) -> str | None:
    """Find the build to compare with; `previous`: the one made before the current one."""
    if against != "previous":
        return against
    ids = space.build_ids()
    at = ids.index(space.current().id)
    if not at:
        raise NotKnownError("--against previous: there is no build before the current one.")
    return ids[at - 1]


def _write_sheet(card: Card, path: Path) -> None:
    from covermap.cli.score.sheet import write_sheet  # its library is slow to load

    write_sheet(card, path)


def _write_page(card: Card, path: Path) -> None:
    from covermap.cli.score.page import page_of

    write_text(path, page_of(card))


def as_data(card: Card) -> dict[str, Any]:
    """Give the whole card as JSON types."""
    rows = card.rows.astype(object).where(card.rows.notna(), None).to_dict("records")
    titled = [{**row, "title": card.title(row), "figure_source": card.source(row)} for row in rows]
    found: dict[str, Any] = plain({
        "build": card.build.id,
        "rules": {name: card.pack[name] for name in ("id", "version", "title", "title_zh")},
        "against": card.against,
        "settle": would_settle(card),
        "rows": titled,
    })  # fmt: skip
    return found


def _print(card: Card, regions: bool) -> None:
    title = card.pack["title_zh" if card.language == "zh" else "title"]
    typer.echo(
        f"{card.say('build')} {card.build.id}, {card.say('rules')} {card.pack['id']}: {title}"
    )
    rows = card.heads()
    print_table([card.say(name) for name in _headings(card)], [_row(card, r) for r in rows], 1)
    if regions:
        for row in rows:
            _print_regions(card, row)
    for line in would_settle(card):
        typer.echo(f"  {line}")
    if card.rows["simulated"].any():
        typer.echo(card.say("simulated"))


def _headings(card: Card) -> list[str]:
    return [*HEADINGS, *(["trend"] if card.against else [])]


def _row(card: Card, row: Row) -> list[str]:
    basis = row["basis"] if known(row["basis"]) else "unmeasured"
    mark = "  " if known(row["part"]) else ""
    return [
        mark + card.title(row), card.amount(row), card.ends(row), card.figure(row),
        percent(row["reached"]) if known(row["reached"]) else "-",
        *(card.amount(row, name, unit=False) if known(row[name]) else "-"
          for name in ("total", "undetermined")),
        card.say(row["answer"]), card.say(basis),
        str(row["last"]) if known(row["last"]) else "-", card.layer(row),
        *([card.change(row)] if card.against else []),
    ]  # fmt: skip


def _print_regions(card: Card, head: Row) -> None:
    rows = card.regions(head["target"]) if not known(head["part"]) else []
    if not rows:
        return
    typer.echo(f"\n{card.title(head)}")
    headings = [card.say(n) for n in ("rank", "region", "value", "interval", "total", "open",
                                      "answer", "basis")]  # fmt: skip
    print_table(headings, [_region_row(card, row) for row in rows], 2)


def _region_row(card: Card, row: Row) -> list[str]:
    name = f"{row['region_id']} {row['name']}" if known(row["name"]) else str(row["region_id"])
    basis = row["basis"] if known(row["basis"]) else "unmeasured"
    return [
        str(int(row["rank"])) if known(row["rank"]) else "-", name, card.amount(row),
        card.ends(row),
        *(card.amount(row, column, unit=False) if known(row[column]) else "-"
          for column in ("total", "undetermined")),
        card.say(row["answer"]), card.say(basis),
    ]  # fmt: skip
