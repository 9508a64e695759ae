"""Official kilometre posts of one `[[lines]]` entry: read, projected on lines, counted."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from covermap.core.geodesy import Ints
from covermap.core.lines.edges import edges_of
from covermap.core.lines.figures import parse_post
from covermap.core.lines.inventory import Inventory
from covermap.core.lines.nearest import nearest_per_line
from covermap.core.lines.pairing import routes_of
from covermap.core.lines.segments import Cut
from covermap.core.lines.stretches import count_stretches
from covermap.course.finding import plain
from covermap.formats.posts import PostRows, read_posts
from covermap.steps.lines.journal import Journal
from covermap.tables import POSTS, conform, empty
from covermap.workspace import Lines

POST_DISTANCE_M = 100.0
"""Posts farther from a line than this do not stand on it."""


def posts_table(declaration: Lines, inventory: Inventory, cut: Cut, journal: Journal) -> pa.Table:
    """Rows of `posts`: where the official count stands along each line.

    A post with a position stands on the lines within reach: on those it names, else on the nearest
    one and the others of its route. One without a position stands at its chainage on the line
    it names. What cannot be used is rejected with its row and reason.
    """
    if declaration.posts is None:
        return empty(POSTS)
    tables = [empty(POSTS)]
    for path, shown in journal.files(declaration, (declaration.posts,)):
        rows = read_posts(path, shown, declaration)
        reason: dict[int, tuple[str, str]] = {}
        placed = _placed(rows, inventory, cut, reason)
        tables.append(_counted(placed, rows, inventory, declaration, journal, reason))
        _reject(rows, reason)
        journal.take(declaration, shown, rows.notes)
    return pa.concat_tables(tables)


def _placed(
    rows: PostRows, inventory: Inventory, cut: Cut, reason: dict[int, tuple[str, str]]
) -> pd.DataFrame:
    """Put posts on lines: row, line, chainage_m, one a line."""
    by_place = np.isfinite(rows.lon) & np.isfinite(rows.lat)
    named = [_lines_named(text, inventory) for text in rows.line]
    for i, lines in enumerate(named):
        if lines is not None and len(lines) == 0:
            reason[i] = ("off_the_lines", f"no line is {rows.line[i]!r}")
    at = np.flatnonzero(by_place)
    edges = edges_of(cut.geometry, cut.line, cut.from_m, cut.to_m, 300.0)
    near = nearest_per_line(edges.grid, rows.lon[at], rows.lat[at], POST_DISTANCE_M)
    frame = pd.DataFrame(
        {
            "row": at[near.point],
            "line": edges.grid.line[near.edge],
            "chainage_m": edges.start_m[near.edge] + near.along * edges.length_m[near.edge],
            "distance": near.distance_m,
        }
    )
    frame = frame[_belongs(frame, named, inventory)]
    for k in sorted(set(at) - set(frame["row"]) - set(reason)):
        reason[int(k)] = ("off_the_lines", f"no line of it within {POST_DISTANCE_M:g} m")
    told = [
        _by_chainage(i, rows, named[i], inventory, reason)
        for i in np.flatnonzero(~by_place).tolist()
    ]
    more = pd.DataFrame([t for t in told if t], columns=["row", "line", "chainage_m"])
    whole = pd.concat([frame[["row", "line", "chainage_m"]], more], ignore_index=True)
    return whole.astype({"row": np.int64, "line": np.int64, "chainage_m": float})


def _lines_named(text: str | None, inventory: Inventory) -> Ints | None:
    """Lines of that identity, number or name; None where none is named."""
    if text is None:
        return None
    columns = (inventory.line_id, inventory.ref, inventory.name)
    wanted = plain(text)
    same = [np.array([v is not None and plain(v) == wanted for v in c], bool) for c in columns]
    return np.flatnonzero(np.logical_or.reduce(same))


def _belongs(
    frame: pd.DataFrame, named: list[Ints | None], inventory: Inventory
) -> NDArray[np.bool_]:
    route = routes_of(inventory.line_class, inventory.ref, inventory.name)
    nearest = frame.sort_values(["row", "distance", "line"]).drop_duplicates("row")
    first = dict(zip(nearest["row"], nearest["line"], strict=True))
    keep = np.zeros(len(frame), bool)
    for k, (row, line) in enumerate(zip(frame["row"], frame["line"], strict=True)):
        lines = named[row]
        if lines is not None:
            keep[k] = line in lines
        else:
            own = first[row]
            keep[k] = line == own or (route[own] >= 0 and route[line] == route[own])
    return keep


def _by_chainage(
    i: int, rows: PostRows, lines: Ints | None, inventory: Inventory,
    reason: dict[int, tuple[str, str]],
) -> tuple[int, int, float] | None:  # fmt: skip
    if i in reason:
        return None
    if lines is None or rows.chainage[i] is None:
        reason[i] = ("no_position", "neither a position, nor a line and chainage_m")
        return None
    if len(lines) > 1:
        told = f"{len(lines)} courses are {rows.line[i]!r}: give the line_id, or positions"
        reason[i] = ("off_the_lines", told)
        return None
    place = pd.to_numeric(rows.chainage[i], errors="coerce")
    length = inventory.length_m[lines[0]]
    if not 0 <= place <= length:
        told = f"chainage_m {rows.chainage[i]!r} is not within 0 and {length:.0f}"
        reason[i] = ("bad_chainage", told)
        return None
    return i, int(lines[0]), float(place)


def _counted(
    placed: pd.DataFrame, rows: PostRows, inventory: Inventory, declaration: Lines,
    journal: Journal, reason: dict[int, tuple[str, str]],
) -> pa.Table:  # fmt: skip
    figures = [parse_post(text) if text is not None else None for text in rows.official]
    for i, figure in enumerate(figures):
        if figure is None:
            told = f"{rows.official[i]!r} is not a figure such as K12+300"
            reason[i] = ("bad_chainage", told)
    made = [
        (row, line, place, part if len(figures[row]) > 1 else 0, *figure)
        for row, line, place in placed.itertuples(index=False)
        if figures[row] is not None
        for part, figure in enumerate(figures[row], start=1)
    ]
    columns = ["row", "line", "chainage_m", "part", "prefix", "official_m"]
    frame = pd.DataFrame(made, columns=columns)
    _, prefix = np.unique(frame["prefix"].to_numpy(str), return_inverse=True)
    counted = count_stretches(
        frame["line"].to_numpy(np.int64), frame["chainage_m"].to_numpy(float),
        frame["official_m"].to_numpy(float), prefix.astype(np.int64),
        frame["part"].to_numpy(np.int64),
    )  # fmt: skip
    kept = frame.iloc[counted.row].assign(stretch=counted.stretch)
    for left_out, why, told in (
        (counted.odd, "post_does_not_fit", "agrees with neither neighbour along the line"),
        (counted.doubled, "duplicate", "another post stands at the same place"),
    ):
        for i in sorted(set(frame["row"].iloc[left_out]) - set(kept["row"]) - set(reason)):
            reason[int(i)] = (why, f"{rows.official[i]!r} {told}")
    journal.tell(declaration, "count_breaks", counted.breaks, "kept: a new stretch begins")
    journal.tell(declaration, "count_against_chainage", counted.against, "kept")
    journal.tell(declaration, "posts_run_backwards", counted.backwards, "kept apart")
    table = {
        "line_id": pa.array(inventory.line_id[kept["line"].to_numpy(np.int64)], pa.string()),
        "chainage_m": kept["chainage_m"].to_numpy(float),
        "official_m": kept["official_m"].to_numpy(float),
        "prefix": pa.array(kept["prefix"].to_numpy(object), pa.string()),
        "stretch": kept["stretch"].to_numpy(np.int64),
    }
    return conform(pa.table(table), POSTS)


def _reject(rows: PostRows, reason: dict[int, tuple[str, str]]) -> None:
    if not reason:
        return
    order = sorted(reason)
    raw = [
        json.dumps(
            {"official": rows.official[i], "line": rows.line[i], "lon": _number(rows.lon[i]),
             "lat": _number(rows.lat[i]), "chainage_m": rows.chainage[i]},
            ensure_ascii=False,
        )
        for i in order
    ]  # fmt: skip
    table = {
        "line": pa.array([int(rows.number[i]) for i in order], pa.int64()),
        "reason": pa.array([reason[i][0] for i in order], pa.string()),
        "detail": pa.array([reason[i][1] for i in order], pa.string()),
        "raw": pa.array(raw, pa.string()),
    }
    rows.notes.rejected.append(pa.table(table))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
