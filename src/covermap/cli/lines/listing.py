"""`covermap lines list`: kilometres by verdict, share with its interval, and the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from covermap.cli.printing import (
    check_known,
    interval,
    kilometres,
    pass_note,
    percent,
    print_data,
    print_table,
)
from covermap.errors import NotKnownError
from covermap.store import Tables, Workspace
from covermap.tables import ANY, VERDICTS

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read

DIRECTORY = typer.Argument(Path(), help="The workspace.")
KILOMETRES = ["route_length_km", *(f"route_{v}_km" for v in VERDICTS)]
HEADINGS = ["route km", *VERDICTS, "share", "interval", "P(pass)", "answer"]
ENDS = ["share_expected", "share_low", "share_high"]
ANSWERS = ("pass", "fail", "undetermined")
KEYS = ["class", "line", "operator"]


def list_lines(
    directory: Path = DIRECTORY,
    operator: str | None = typer.Option(None, "--operator", help="Only this operator."),
    technology: str = typer.Option(ANY, "--technology", help="Technology, or any."),
    line_class: str | None = typer.Option(None, "--class", help="Only lines of this class."),
    answer: str | None = typer.Option(
        None, "--answer", help="Only lines with this answer: pass, fail, undetermined."
    ),
    region: str | None = typer.Option(
        None, "--region", help="Only lines (with --sections: sections) in this region."
    ),
    sections: bool = typer.Option(False, "--sections", help="Each section of the lines."),
    kind: str = typer.Option("station", "--kind", help="Sections by station or by county."),
    as_csv: bool = typer.Option(False, "--csv", help="Print CSV with every column."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON with every column."),
) -> None:
    """List lines (courses of one number or name together): route km, share, answer.

    share: of the length measured, what is expected to hold a signal that meets the standard.
    interval: where that share lies with 95 % by the model of the pack; on one data set of repeated
    drives it held about 90-96 % of the time. P(pass): probability that the share reaches the rule.
    """
    build = Workspace(directory).current()
    rows = section_rows(build, kind) if sections else line_rows(build)
    filters = (
        (technology, "technology"), (operator, "operator"), (line_class, "class"),
        (region, "region_id"),
    )  # fmt: skip
    rows = _filtered(rows, build, filters, sections)
    if as_csv or as_json:
        if answer is not None:
            _check_answer(answer)
            rows = rows[rows["answer"] == answer]
        print_data(rows.drop(columns="line"), "csv" if as_csv else "json")
        return
    made = _named(rows) if sections else grouped(rows)
    if answer is not None:
        _check_answer(answer)
        made = made[made["answer"] == answer]
    _print(made, ["class", "line", *(["section"] if sections else ["courses"]), "operator"])
    if not made.empty:
        typer.echo(pass_note(build.manifest.get("rules", {}), "section" if sections else "line"))


def line_rows(build: Tables) -> pd.DataFrame:
    """Line verdicts with a column `line`: number, else name, else identity."""
    rows: pd.DataFrame = build.read("line_verdicts").to_pandas()
    rows["line"] = rows["ref"].fillna(rows["name"]).fillna(rows["line_id"])
    return rows


def section_rows(build: Tables, kind: str) -> pd.DataFrame:
    """Section verdicts with the names of section and line.

    Raises
    ------
    NotKnownError
        `kind` is neither station nor county.
    """
    if kind not in ("station", "county"):
        raise NotKnownError(f"no kind of section {kind!r}: station, county.")
    query = (
        "SELECT v.*, s.name AS section, s.from_m, s.to_m, "
        "coalesce(l.ref, l.name, v.line_id) AS line "
        "FROM section_verdicts v LEFT JOIN sections s USING (section_id) "
        "LEFT JOIN lines l ON l.line_id = v.line_id WHERE v.kind = ? "
        "ORDER BY v.class, line, v.line_id, s.from_m, v.operator, v.technology"
    )
    with build.connect("section_verdicts", "sections", "lines") as connection:
        found: pd.DataFrame = connection.sql(query, params=[kind]).to_arrow_table().to_pandas()
    return found


def _filtered(
    rows: pd.DataFrame, build: Tables, filters: tuple[tuple[str | None, str], ...], sections: bool
) -> pd.DataFrame:
    for value, column in filters:
        if value is None or (rows.empty and column == "technology"):
            continue
        if column == "region_id" and not sections:
            own = build.read("sections", ["line_id", "region_id"]).to_pandas()
            check_known(value, own["region_id"], "region")
            rows = rows[rows["line_id"].isin(own.loc[own["region_id"] == value, "line_id"])]
            continue
        check_known(value, rows[column], column.removesuffix("_id"))
        rows = rows[rows[column] == value]
    return rows


def _check_answer(answer: str) -> None:
    if answer not in ANSWERS:
        raise NotKnownError(f"no answer {answer!r}: {', '.join(ANSWERS)}.")


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(section=rows["section"].fillna(rows["section_id"]))


def grouped(rows: pd.DataFrame) -> pd.DataFrame:
    """Courses of one line together: km added, the answer that all of them allow.

    A line passes when each course does and fails when one does. Shares and their ends are weighed
    by the length they are about, as if the courses rose and fell together: never too narrow.
    """
    if rows.empty:
        return rows.assign(courses=0)
    weight = rows["assessed_km"].astype(float).fillna(0.0)
    weighed = {f"_{name}": rows[name].astype(float).fillna(0.0) * weight for name in ENDS}
    known = rows["share_expected"].notna() & (weight > 0)
    groups = rows.assign(**weighed, _weight=weight.where(known, 0.0)).groupby(KEYS)
    sums = [*KILOMETRES, *weighed, "_weight"]
    made = groups[sums].sum().join(groups["line_id"].nunique().rename("courses"))
    for name in ENDS:
        made[name] = made[f"_{name}"] / made["_weight"].replace(0.0, np.nan)
    made["p_pass"] = groups["p_pass"].min()
    made["answer"] = groups["answer"].agg(_together)
    return made.reset_index()


def _together(answers: pd.Series[Any]) -> str:
    found = set(answers)
    if "fail" in found:
        return "fail"
    return "pass" if found == {"pass"} else "undetermined"


def _print(rows: pd.DataFrame, keys: list[str]) -> None:
    if rows.empty:
        typer.echo("The current build has no such lines.")
        return
    shown = [
        [
            *(str(row[k]) for k in keys),
            *(kilometres(row[k]) for k in KILOMETRES),
            percent(row["share_expected"]),
            interval(row["share_low"], row["share_high"]),
            percent(row["p_pass"]),
            str(row["answer"]),
        ]
        for row in rows.to_dict("records")
    ]
    print_table([*keys, *HEADINGS], shown, len(keys))
