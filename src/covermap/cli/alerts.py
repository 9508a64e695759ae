"""`covermap alerts`: what got worse since the build before."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from covermap.cli.by_region import only
from covermap.cli.printing import NOT_KNOWN, known, percent, print_data, print_table
from covermap.errors import BuildError, ConfigError
from covermap.formats.figures import plain
from covermap.store import Build, Workspace

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

HEADINGS = ["what", "name", "figure", "layer", "before", "after", "beyond noise"]
LEFT = 4
TIMEOUT_S = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("alerts")(alerts)


def alerts(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    against: str | None = typer.Option(
        None, "--against", help="Build to compare with; default: the one made before."
    ),
    operator: str | None = typer.Option(None, "--operator", help="Only this operator."),
    technology: str | None = typer.Option(None, "--technology", help="Only this technology."),
    noise: float = typer.Option(
        0.05, "--noise", min=0.0001, max=0.5,
        help="Of the drops told as beyond noise, the share that may be noise.",
    ),
    webhook: str | None = typer.Option(
        None, "--webhook", help="Address that is sent the list as JSON, also when it is empty."
    ),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:  # fmt: skip
    """Tell what got worse from the build before to the current one.

    Told are figures that fell so far that noise does not explain it, and verdicts that fell
    together with their figure (a line that passed, and fails now). Builds of other periods compare
    the same way: `covermap build --last 2025-03`, then without.
    """
    # imported here: the other commands start without it
    from covermap.steps.alerts import as_payload, compare, packs_differ

    before, after = _builds(Workspace(directory), against)
    rows: pd.DataFrame = compare(before, after, noise).to_pandas()
    rows = only(rows, {"operator": operator, "technology": technology}) if len(rows) else rows
    if webhook is not None:
        _send(webhook, as_payload(before, after, plain(_records(rows))))
    if as_csv or as_json:
        print_data(rows, "csv" if as_csv else "json")
        return
    typer.echo(f"{before.id} -> {after.id}: {len(rows)} got worse")
    if len(rows):
        print_table(HEADINGS, [_row(row) for row in _records(rows)], LEFT)
    for line in (packs_differ(before, after), _simulated(rows)):
        if line:
            typer.echo(line)


def _builds(space: Workspace, against: str | None) -> tuple[Build, Build]:
    after = space.current()
    if against is None:
        others = [name for name in space.build_ids() if name != after.id]
        if not others:
            raise BuildError(
                f"{space.root}: the current build is the only one. Build again after something "
                "changed, then compare."
            )
        against = others[-1]
    return space.build(against), after


def _records(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    return list(rows.astype(object).where(rows.notna(), None).to_dict("records"))


def _row(row: dict[Any, Any]) -> list[str]:
    return [
        str(row["kind"]),
        str(row["name"] or row["subject_id"]),
        str(row["figure"]),
        f"{row['operator']}/{row['technology']}",
        _said(row, "before"),
        _said(row, "after"),
        NOT_KNOWN if row["p_noise"] is None else "yes" if row["beyond_noise"] else "perhaps not",
    ]


def _said(row: dict[Any, Any], when: str) -> str:
    value, unit = row[f"value_{when}"], row["unit"]
    figure = "" if not known(value) else (
        percent(value) if unit == "share" else f"{value:.2f} {unit}"
    )  # fmt: skip
    return " ".join(part for part in (row[when], figure) if part)


def _simulated(rows: pd.DataFrame) -> str | None:
    return "simulated: made by the simulator, not measured" if rows["simulated"].any() else None


def _send(address: str, payload: dict[str, Any]) -> None:
    """Post the list to an address of the user's own."""
    if not address.startswith(("https://", "http://")):
        raise ConfigError(
            f"--webhook {address}: not an address that begins with https:// or http://."
        )
    request = urllib.request.Request(
        address,
        json.dumps(payload, ensure_ascii=False).encode(),
        {"Content-Type": "application/json; charset=utf-8"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):
            pass
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise ConfigError(f"--webhook {address}: not sent: {error}") from None
