"""`covermap rejudge`: what another rule pack would say of the same measurements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from covermap.cli.bars import QUIET_S, Bars
from covermap.cli.printing import NOT_KNOWN, known, print_table
from covermap.core.lines.chainage import chainage_text
from covermap.formats.figures import decimals, plain
from covermap.rules import RulePack, load_pack
from covermap.store import Workspace, write_text

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

    from covermap.pipeline.rejudging import Rejudged

SHOWN = 20
"""Changes of each kind that are printed; `--limit`, `--csv` and `--json` give more."""
NONE = "-"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rejudge")(rejudge)


def rejudge(
    directory: Path = typer.Argument(Path(), help="The workspace."),
    rules: str = typer.Option(..., "--rules", help="Rule pack: a shipped name or a TOML file."),
    diff: bool = typer.Option(False, "--diff", help="List every verdict that changes."),
    kind: str | None = typer.Option(None, "--kind", help="Only these: cell, segment, line, ..."),
    operator: str | None = typer.Option(None, "--operator", help="Only this operator."),
    technology: str | None = typer.Option(None, "--technology", help="Only this technology."),
    limit: int = typer.Option(SHOWN, "--limit", min=1, help="Changes of each kind to print."),
    csv: Path | None = typer.Option(None, "--csv", help="Write all changes as CSV here."),
    json_to: Path | None = typer.Option(None, "--json", help="Write all of it as JSON here."),
    workers: int | None = typer.Option(None, "--workers", min=1, help="Worker processes."),
) -> None:
    """Judge the current build by another pack, and tell which verdicts change.

    The build stays as it is. Counts are judged again, no input file is opened: raw/ may be gone.
    With --diff every verdict that changes is listed with the evidence behind it: samples, mean
    level, share of samples and probability, under the one pack and under the other.
    """
    # imported here: the other commands start without the pipeline
    from covermap.engine.local import Workers
    from covermap.engine.memory import usable_bytes, workers_for
    from covermap.pipeline.rejudging import rejudged

    space = Workspace(directory)
    pack = load_pack(rules, Path() if Path(rules).is_file() else space.root)
    asked = {"kind": kind, "operator": operator, "technology": technology}
    with (
        Bars(Console(stderr=True), QUIET_S) as bars,
        Workers(workers_for(usable_bytes(), workers)) as some,
    ):
        bars.start("rejudge", 1.0)
        with rejudged(space, pack, some, lambda _step, share: bars.move(share, 1.0)) as made:
            wanted = diff or csv is not None or json_to is not None
            every = csv is not None or json_to is not None
            rows = made.changes.rows(**asked, most=None if every else limit) if wanted else None
            said = {**_heading(made), "counts": _of(made.changes.counts(), asked)}
    if rows is not None and csv is not None:
        _write_csv(rows.to_pandas(), csv)
    if rows is not None and json_to is not None:
        text = plain({**said, "changes": rows.to_pylist()})
        write_text(json_to, json.dumps(text, ensure_ascii=False, indent=1) + "\n")
    _print(said, rows.to_pandas() if rows is not None and diff else None, limit)


def _heading(made: Rejudged) -> dict[str, Any]:
    return {
        "build": made.build.id,
        "before": _named(made.before),
        "after": _named(made.after),
        "steps": list(made.steps),
        "unjudged": list(made.unjudged),
    }


def _named(pack: RulePack) -> dict[str, str]:
    return {"id": pack.id, "version": pack.version, "title": pack.title}


def _of(counts: list[dict[str, Any]], asked: dict[str, str | None]) -> list[dict[str, Any]]:
    wanted = {name: value for name, value in asked.items() if value is not None}
    return [c for c in counts if all(c[name] == value for name, value in wanted.items())]


def _write_csv(rows: pd.DataFrame, path: Path) -> None:
    ends = ("before_", "after_")
    digits = {}
    for name in rows.columns:
        bare = next((name.removeprefix(end) for end in ends if name.startswith(end)), name)
        digits[name] = decimals(bare)
    whole = rows.astype(dict.fromkeys(("n", "n_none", "runs"), "Int64"))
    text = whole.round(digits).to_csv(index=False, lineterminator="\n")
    write_text(path, text)


def _print(said: dict[str, Any], rows: pd.DataFrame | None, limit: int) -> None:
    before, after = said["before"]["id"], said["after"]["id"]
    typer.echo(f"build {said['build']}, judged by {before}, now by {after}")
    for kind in said["unjudged"]:
        typer.echo(f"{kind}: only one of the two judges it; not compared")
    if not said["counts"]:
        typer.echo("no verdict changes")
        return
    print_table(["kind", before, after, "changes", "km"], _summed(said["counts"]), 3)
    if rows is None:
        typer.echo("`--diff` lists them, `--csv FILE` and `--json FILE` write them all")
        return
    for kind in dict.fromkeys(rows["kind"]):
        some = rows[rows["kind"] == kind]
        total = sum(c["changes"] for c in said["counts"] if c["kind"] == kind)
        shown = some.head(limit)
        typer.echo(f"\n{kind}: {total} changes" + (
            f", the first {len(shown)}; `--limit`, `--csv` or `--json` for more"
            if len(shown) < total else ""
        ))  # fmt: skip
        headings = ["where", "layer", before, after, "n", "dBm", "share", "probability"]
        print_table(headings, [_row(row) for row in shown.to_dict("records")], 4)


def _summed(counts: list[dict[str, Any]]) -> list[list[str]]:
    """Add up the layers: a row for each kind and change."""
    found: dict[tuple[str, str, str], tuple[int, float | None]] = {}
    for one in counts:
        key = one["kind"], one["before"] or NONE, one["after"] or NONE
        number, length = found.get(key, (0, None))
        more = one["length_m"]
        found[key] = number + one["changes"], length if more is None else (length or 0.0) + more
    return [
        [*key, str(number), NONE if length is None else f"{length / 1000:.1f}"]
        for key, (number, length) in sorted(found.items())
    ]


def _row(row: dict[Any, Any]) -> list[str]:
    layer = "/".join(str(row[name]) for name in ("operator", "technology") if known(row[name]))
    return [
        _where(row), layer,
        *(str(row[name]) if known(row[name]) else NONE for name in ("before", "after")),
        f"{row['n']:.0f}" if known(row["n"]) else NONE,
        *(_both(row, name, form) for name, form in (
            ("rsrp_mean_dbm", "{:.1f}"), ("share", "{:.3f}"), ("probability", "{:.3f}"))),
    ]  # fmt: skip


def _where(row: dict[Any, Any]) -> str:
    if known(row["from_m"]):
        ends = [chainage_text(row[name]) for name in ("from_m", "to_m")]
        return f"{row['line']} {ends[0]}-{ends[1]}"
    name = row["name"] if known(row["name"]) else row["line"]
    return f"{name} ({row['id']})" if known(name) else str(row["id"])


def _both(row: dict[Any, Any], name: str, form: str) -> str:
    """Write a figure under both packs; once where it is the same."""
    values = [row[f"{side}_{name}"] for side in ("before", "after")]
    texts = [form.format(value) if known(value) else NOT_KNOWN for value in values]
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} -> {texts[1]}"
