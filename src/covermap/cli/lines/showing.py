"""`covermap lines show`: all that is known of one line, and its strip chart."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from covermap.cli.lines.charting import Wanted, draw_courses
from covermap.cli.lines.listing import DIRECTORY
from covermap.cli.printing import (
    interval,
    kilometres,
    known,
    pass_note,
    percent,
    print_table,
)
from covermap.course import Count, find_courses, read_count, rows_of, title_of
from covermap.errors import NotKnownError, QueryError
from covermap.store import Build, Workspace
from covermap.tables import ANY

MOST_ROWS = 20
"""Sections, stations and structures listed of each course; `--all` lists every one."""
ACTIONS = {
    "measure_gap": "measure the gap",
    "same_campaign": "drive again in the same campaign",
    "new_campaign": "drive in a new campaign",
}


def show_line(
    name: str = typer.Argument(help="Number (A 1), name, or line_id."),
    directory: Path = DIRECTORY,
    operator: str | None = typer.Option(
        None, "--operator", help="Operator, or any, all. Default: any, where there is one."
    ),
    technology: str | None = typer.Option(
        None, "--technology", help="Technology, or any. Default: any, where there is one."
    ),
    profile: bool = typer.Option(False, "--profile", help="Draw signal and verdict along it."),
    start: str | None = typer.Option(None, "--from", help="Begin there: K12+300, or metres."),
    end: str | None = typer.Option(None, "--to", help="End there."),
    svg: Path | None = typer.Option(None, "--svg", help="Write the strip chart as SVG."),
    png: Path | None = typer.Option(None, "--png", help="Write the strip chart as PNG."),
    plain: bool = typer.Option(False, "--plain", help="Draw with ASCII characters only."),
    every: bool = typer.Option(False, "--all", help="List every section, station, structure."),
) -> None:
    """Show the courses of a line: verdicts, sections, tunnels, stations, what would settle it.

    With --profile, --svg or --png: the strip chart of one operator and technology. Chainage is
    official where the build has kilometre posts of the line, else metres from its start.
    """
    build = Workspace(directory).current()
    courses = find_courses(build, name)
    layer = _layer(build, operator, technology)
    if profile or svg or png:
        draw_courses(build, courses, Wanted(layer, (start, end), svg, png, plain))
        return
    if start is not None or end is not None:
        raise QueryError("--from and --to go with --profile, --svg or --png.")
    for number, line_id in enumerate(courses):
        if number:
            typer.echo("")
        _show(build, line_id, layer, sys.maxsize if every else MOST_ROWS)


def _layer(build: Build, operator: str | None, technology: str | None) -> tuple[str, str]:
    """Layer asked for; what is not said is `any` where the build has it, else its first."""
    with build.connect("line_verdicts") as connection:
        query = "SELECT DISTINCT operator, technology FROM line_verdicts ORDER BY 1, 2"
        layers: list[tuple[str, str]] = connection.execute(query).fetchall()
    fitting = [
        (o, t) for o, t in layers if operator in (None, o) and technology in (None, t)
    ]  # fmt: skip
    if layers and not fitting:
        told = ", ".join(f"{o}/{t}" for o, t in layers)
        asked = f"{operator or 'any'}/{technology or 'any'}"
        raise NotKnownError(f"no layer {asked} in the lines: {told}.")
    fitting.sort(key=lambda layer: (layer[0] != ANY, layer[1] != ANY, layer))
    return fitting[0] if fitting else (operator or ANY, technology or ANY)


def _show(build: Build, line_id: str, layer: tuple[str, str], most: int) -> None:
    line = rows_of(build, "lines", line_id, "line_id")[0]
    count = read_count(build, line_id)
    way = {1: ", travel with the chainage", -1: ", travel against the chainage"}
    simulated = ". SIMULATED" if line["simulated"] else ""
    typer.echo(
        f"{line_id}: {line['class']} {title_of(line)}, {line['length_m'] / 1000:.3f} km "
        f"({line['route_length_m'] / 1000:.3f} km of route) in segments of "
        f"{line['segment_m']:g} m{way.get(line['oneway'], '')}, from input "
        f"{line['input']}{simulated}"
    )
    typer.echo(_count_text(count, float(line["length_m"])))
    _verdicts(build, line_id)
    _sections(build, line_id, layer, count, most)
    _structures(build, line_id, count, most)
    _stations(build, line_id, count, most)
    _weak(build, line_id, layer, count, most)
    _settling(build, line_id, layer, count)


def _count_text(count: Count, length_m: float) -> str:
    if not count.official:
        return "chainage: metres from its start; no official kilometre posts are known"
    ends = f"{count.text(0.0)} to {count.text(length_m)}"
    return f"official chainage: {ends}, breaks in the count: {count.breaks}"


def _verdicts(build: Build, line_id: str) -> None:
    rows = rows_of(build, "line_verdicts", line_id, "operator, technology")
    if not rows:
        return
    typer.echo("")
    kinds = ("length", "covered", "weak", "none", "unmeasured")
    headings = ["operator", "technology", "route km", *kinds[1:], "longest gap", "answer"]
    made = [
        [r["operator"], r["technology"], *(kilometres(r[f"route_{k}_km"]) for k in kinds),
         kilometres(r["longest_gap_km"]), r["answer"] if _measured(r) else "nothing measured"]
        for r in rows
    ]  # fmt: skip
    print_table(headings, made, 2)
    _intervals([r for r in rows if _measured(r)], build.manifest.get("rules", {}))


def _measured(row: dict[str, Any]) -> bool:
    return bool(row["covered_km"] + row["weak_km"] + row["none_km"] > 0)


def _intervals(rows: list[dict[str, Any]], rules: dict[str, Any]) -> None:
    """Tell the share that is covered, with the interval of each way to ask for it."""
    if not rows:
        return
    typer.echo("\ncovered share of the length measured:")
    headings = ["operator", "technology", "segments", "expected", "interval", "campaigns",
                "one drive", "P(pass)", "runs"]  # fmt: skip
    made = [
        [
            r["operator"], r["technology"], percent(r["covered_share"]),
            percent(r["share_expected"]), interval(r["share_low"], r["share_high"]),
            interval(r["campaign_low"], r["campaign_high"]),
            interval(r["drive_low"], r["drive_high"]), percent(r["p_pass"]), _runs(r),
        ]
        for r in rows
    ]  # fmt: skip
    print_table(headings, made, 2)
    typer.echo(pass_note(rules))


def _runs(row: dict[str, Any]) -> str:
    if not known(row["runs"]):
        return "not known"
    return f"{row['runs']} in {row['campaigns']}"


def _sections(build: Build, line_id: str, layer: tuple[str, str], count: Count, most: int) -> None:
    query = (
        "SELECT s.kind, s.name, s.from_m, s.to_m, v.route_length_km, v.route_covered_km, "
        "v.share_expected, v.share_low, v.share_high, v.answer FROM sections s LEFT JOIN "
        "(SELECT * FROM section_verdicts WHERE operator = ? AND technology = ?) v "
        "USING (section_id) WHERE s.line_id = ? ORDER BY s.kind DESC, s.from_m, s.section_id"
    )
    with build.connect("sections", "section_verdicts") as connection:
        rows = connection.sql(query, params=[*layer, line_id]).to_arrow_table().to_pylist()
    for kind, title in (("station", "from station to station"), ("county", "by county")):
        own = [r for r in rows if r["kind"] == kind]
        if len(own) < 2:  # one section is the line
            continue
        typer.echo(f"\nsections {title}, {layer[0]}/{layer[1]}:")
        made = [
            [
                r["name"], f"{count.text(r['from_m'])} - {count.text(r['to_m'])}",
                kilometres(r["route_length_km"]), kilometres(r["route_covered_km"]),
                percent(r["share_expected"]), interval(r["share_low"], r["share_high"]),
                r["answer"] or "not known",
            ]
            for r in own[:most]
        ]  # fmt: skip
        headings = ["section", "chainage", "route km", "covered", "share", "interval", "answer"]
        print_table(headings, made, 2)
        _rest(len(own), most)


def _rest(count: int, most: int) -> None:
    if count > most:
        typer.echo(f"and {count - most} more: --all")


def _structures(build: Build, line_id: str, count: Count, most: int) -> None:
    rows = rows_of(build, "structures", line_id, "kind DESC, from_m")
    if not rows:
        return
    typer.echo("\ntunnels, bridges and gaps of the inventory:")
    made = [
        [r["kind"], f"{count.text(r['from_m'])} - {count.text(r['to_m'])}", r["name"] or "",
         f"{(r['to_m'] - r['from_m']) / 1000:.3f}"]
        for r in rows[:most]
    ]  # fmt: skip
    print_table(["kind", "chainage", "name", "km"], made, 3)
    _rest(len(rows), most)


def _stations(build: Build, line_id: str, count: Count, most: int) -> None:
    rows = rows_of(build, "stations", line_id, "chainage_m, name")
    if rows:
        typer.echo("\nstations:")
    for row in rows[:most]:
        typer.echo(f"  {count.text(row['chainage_m'])} {row['name']}")
    _rest(len(rows), most)


def _weak(build: Build, line_id: str, layer: tuple[str, str], count: Count, most: int) -> None:
    query = (
        "SELECT from_m, to_m, length_m, cause, rsrp_mean_dbm, probability_weak, outlook, spot_id "
        "FROM weak_spots WHERE kind = 'section' AND line_id = ? AND operator = ? "
        "AND technology = ? ORDER BY length_m DESC, spot_id"
    )
    with build.connect("weak_spots") as connection:
        rows = connection.sql(query, params=[line_id, *layer]).to_arrow_table().to_pylist()
    if not rows:
        return
    typer.echo(f"\nweak sections, longest first, {layer[0]}/{layer[1]}:")
    made = [
        [
            f"{count.text(r['from_m'])} - {count.text(r['to_m'])}", r["cause"],
            f"{r['length_m']:.0f}", kilometres(r["rsrp_mean_dbm"]),
            percent(r["probability_weak"]), r["outlook"],
        ]
        for r in rows[:most]
    ]  # fmt: skip
    print_table(["chainage", "cause", "m", "mean dBm", "P(weak)", "outlook"], made, 2)
    _rest(len(rows), most)


def _settling(build: Build, line_id: str, layer: tuple[str, str], count: Count) -> None:
    rows = [
        r
        for r in rows_of(build, "settling", line_id, "rank")
        if (r["operator"], r["technology"]) == layer
    ]
    if not rows:
        return
    typer.echo(f"\nwhat would settle it, {layer[0]}/{layer[1]}:")
    for r in rows:
        runs = f"{r['runs']} run" + ("s" if r["runs"] != 1 else "")
        typer.echo(
            f"  {r['rank']}. {ACTIONS.get(r['action'], r['action'])}, {runs}, "
            f"{count.text(r['from_m'])} - {count.text(r['to_m'])}\n     interval "
            f"{100 * r['width_now']:.1f} points wide -> {100 * r['width_then']:.1f}, "
            f"settled with a probability of {percent(r['p_settled'])}"
        )
