"""Lines: vector files of ways to lines, segments and stations along them.

Ways are read, named, joined into courses, oriented, cut into segments; parallel courses of one
route share its route length. What is left aside is counted by kind; what cannot be used is rejected
with its feature number. The datum that an entry declares is that of all its files, names and
stations included.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.chains import Limits, join_ways
from covermap.core.lines.edges import edges_of
from covermap.core.lines.inventory import (
    Inventory,
    Objects,
    Ways,
    in_canonical_order,
    join_lists,
    make_inventory,
    route_groups,
    tunnel_lengths_m,
    way_lengths_m,
)
from covermap.core.lines.naming import carry_along, labels_beside
from covermap.core.lines.nearest import nearest_per_line
from covermap.core.lines.pairing import Beside, route_shares, routes_of
from covermap.core.lines.segments import Cut, cut_lines
from covermap.errors import ConfigError
from covermap.formats.problem import Problem
from covermap.formats.ways import FIELDS, Notes, read_labels, read_stations, read_ways
from covermap.tables import (
    LINES,
    PROBLEMS,
    REJECTED,
    SEGMENTS,
    STATIONS,
    Table,
    conform,
    empty,
    in_order,
)
from covermap.workspace import Lines, input_files

SEGMENT_M = 100.0
METRO_SEGMENT_M = 50.0
NAME_DISTANCE_M = 150.0
NAME_ANGLE_DEG = 25.0
STATION_DISTANCE_M = 300.0
PAIR_ANGLE_DEG = 25.0
SEVERAL_SHARE = 0.75
"""A line whose route length is less than this share of its length has others beside it."""
PAIR_NAMED_M = 250.0
"""Farthest apart that two tracks or carriageways of one name are, m (coarse drawings included)."""
PAIR_UNNAMED_M = {
    "hsr": 60.0, "rail": 60.0, "metro": 60.0, "tram": 40.0, "motorway": 150.0, "trunk": 120.0,
    "primary": 100.0, "secondary": 60.0, "national": 120.0, "provincial": 100.0, "road": 60.0,
    "waterway": 0.0,
}  # fmt: skip
"""The same where one of them has no name, m: a guess by class, from how they are built."""


@dataclass(frozen=True)
class LinesResult:
    """Five tables: what was made of the declared lines, and what was found on the way."""

    lines: pa.Table
    segments: pa.Table
    stations: pa.Table
    rejected: pa.Table
    problems: pa.Table


def read_lines(root: Path, declarations: tuple[Lines, ...]) -> LinesResult:
    """Make lines, segments and stations of every `[[lines]]` entry.

    Raises
    ------
    ConfigError
        A field that the file does not have, no class for the ways, a number in `only_refs` that no
        line has, or two inputs that make the same line.
    InputError, FormatError, DatumError
        A file that cannot be read (see ``formats.vectors.read_vector``).
    """
    journal = _Journal(root)
    parts = [_read_one(declaration, journal) for declaration in declarations]
    lines, segments, stations = (
        _together([getattr(part, table.name) for part in parts], table)
        for table in (LINES, SEGMENTS, STATIONS)
    )
    _check_identities(lines)
    return LinesResult(lines, segments, stations, journal.rejected(), journal.problems())


def _together(parts: list[pa.Table], table: Table) -> pa.Table:
    return in_order(conform(pa.concat_tables(parts or [empty(table)]), table), table)


def _check_identities(lines: pa.Table) -> None:
    frame = lines.select(["line_id", "input"]).to_pandas()
    again = frame[frame["line_id"].duplicated(keep=False)]
    if len(again):
        inputs = " and ".join(sorted(set(again["input"])))
        count = again["line_id"].nunique()
        raise ConfigError(f"lines {inputs}: {count} lines are in both; declare each once.")


class _Journal:
    """What was rejected and found, by input and file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._rejected: list[pa.Table] = []
        self._problems: list[dict[str, object]] = []

    def files(self, declaration: Lines, patterns: tuple[str, ...]) -> list[tuple[Path, str]]:
        """Files of a declaration, each with the name it is shown by."""
        found = input_files(self.root, patterns, f"lines {declaration.name}")
        return [(path, self._shown(path)) for path in found]

    def _shown(self, path: Path) -> str:
        inside = path.resolve().is_relative_to(self.root.resolve())
        return str(path.resolve().relative_to(self.root.resolve()) if inside else path)

    def take(self, declaration: Lines, shown: str, notes: Notes) -> None:
        for rows in notes.rejected:
            columns = {"input": declaration.name, "file": shown}
            for name, value in columns.items():
                rows = rows.append_column(name, pa.repeat(pa.scalar(value), rows.num_rows))
            self._rejected.append(rows)
        for problem in notes.problems:
            self._problems.append({"input": declaration.name, "file": shown, **vars(problem)})

    def tell(
        self, declaration: Lines, kind: str, count: int, action: str, example: str | None = None
    ) -> None:
        """Note a problem of the input as a whole."""
        if count:
            shown = ", ".join(declaration.files)
            problem = Problem(kind, int(count), None, example, action)
            self._problems.append({"input": declaration.name, "file": shown, **vars(problem)})

    def rejected(self) -> pa.Table:
        return _together(self._rejected, REJECTED)

    def problems(self) -> pa.Table:
        made = pa.Table.from_pylist(self._problems, schema=PROBLEMS.schema)
        return _together([made], PROBLEMS)


@dataclass(frozen=True)
class _Part:
    lines: pa.Table
    segments: pa.Table
    stations: pa.Table


def _read_one(declaration: Lines, journal: _Journal) -> _Part:
    _check_declaration(declaration)
    ways = _read_ways(declaration, journal)
    ways, again = in_canonical_order(ways)
    journal.tell(declaration, "duplicate_way", again, "left aside")
    if declaration.names_from:
        ways = _named(declaration, ways, journal)
    ways = _only(declaration, ways, journal)
    ways, _ = in_canonical_order(ways)
    inventory = make_inventory(ways, Limits())
    _tell_shapes(inventory, declaration, journal)
    sizes = _segment_sizes(inventory, declaration)
    cut = cut_lines(inventory.geometry, sizes)
    route_m = cut.length_m * _route_shares(inventory, cut)
    return _Part(
        _lines_table(inventory, declaration, sizes, cut, route_m),
        _segments_table(inventory, cut, route_m),
        _stations_table(declaration, inventory, cut, journal),
    )


def _check_declaration(declaration: Lines) -> None:
    where = f"lines {declaration.name}"
    unknown = sorted(set(declaration.fields) - set(FIELDS))
    if unknown:
        known = ", ".join(FIELDS)
        raise ConfigError(f"{where}: fields: no field {unknown[0]!r}. There are: {known}.")
    if declaration.line_class is None and "class" not in declaration.fields:
        raise ConfigError(
            f'{where}: the class is not known: write line_class = "rail", or fields = '
            '{ class = "attribute" } and classes = { written = "ours" }.'
        )
    if declaration.segment_m is not None and not declaration.segment_m >= 1:
        raise ConfigError(f"{where}: segment_m = {declaration.segment_m} is below 1 m.")


def _read_ways(declaration: Lines, journal: _Journal) -> Ways:
    parts = []
    for path, shown in journal.files(declaration, declaration.files):
        ways, notes = read_ways(path, shown, declaration)
        journal.take(declaration, shown, notes)
        parts.append(ways)
    return join_lists(parts)


def _named(declaration: Lines, ways: Ways, journal: _Journal) -> Ways:
    """Give unnamed ways the ref and name of the named line beside them, then along the course."""
    labels, label, geometry = _labels(declaration, journal)
    unnamed = pd.isna(ways.ref) & pd.isna(ways.name)
    beside = labels_beside(ways.geometry, geometry, label, NAME_DISTANCE_M, NAME_ANGLE_DEG)
    beside = np.where(unnamed, beside, -1)
    chains = join_ways(ways.geometry, route_groups(ways), Limits())
    length = way_lengths_m(ways.geometry)
    carried = carry_along(beside, chains.chain, chains.position, length)
    carried = np.where(unnamed, carried, -1)
    new = (carried >= 0) & (beside < 0)
    km = f"{length[new].sum() / 1000:.1f} km"
    journal.tell(declaration, "name_carried_along", int(new.sum()), "named", km)
    ref, name, got = ways.ref.copy(), ways.name.copy(), carried >= 0
    ref[got] = labels["ref"].to_numpy(object)[carried[got]]
    name[got] = labels["name"].to_numpy(object)[carried[got]]
    return Ways(ways.geometry, ways.line_class, ref, name, ways.tunnel)


def _labels(declaration: Lines, journal: _Journal) -> tuple[pd.DataFrame, Ints, Objects]:
    """Distinct refs and names of the names file, and the lines that carry them."""
    parts = []
    for path, shown in journal.files(declaration, (str(declaration.names_from),)):
        table, notes = read_labels(path, shown, declaration.datum)
        journal.take(declaration, shown, notes)
        parts.append(table)
    every = pd.concat(parts, ignore_index=True)
    key = every["ref"].where(every["ref"].notna(), every["name"]).astype(str)
    label = np.unique(key.to_numpy(object).astype(str), return_inverse=True)[1].astype(np.int64)
    ordered = every.assign(label=label).sort_values(["label", "ref", "name"])
    labels = ordered.drop_duplicates("label")[["ref", "name"]].astype(object)
    labels = labels.where(labels.notna(), None)
    return labels.reset_index(drop=True), label, every["geometry"].to_numpy(object)


def _only(declaration: Lines, ways: Ways, journal: _Journal) -> Ways:
    if not declaration.only_refs:
        return ways
    known = sorted({str(r) for r in ways.ref if r is not None})
    for ref in declaration.only_refs:
        if ref not in known:
            raise ConfigError(
                f"lines {declaration.name}: only_refs: no line has ref {ref!r}. "
                f"There are: {', '.join(known[:20]) or 'none'}."
            )
    keep = np.isin(ways.ref.astype(str), declaration.only_refs)
    journal.tell(declaration, "other_ref", int((~keep).sum()), "left aside")
    return ways.take(keep)


def _tell_shapes(inventory: Inventory, declaration: Lines, journal: _Journal) -> None:
    closed = shapely.is_closed(inventory.geometry)
    crossing = ~shapely.is_simple(inventory.geometry) & ~closed
    journal.tell(declaration, "loop", int(closed.sum()), "kept")
    journal.tell(declaration, "crosses_itself", int(crossing.sum()), "kept")
    gaps = f"{inventory.gap_m:.0f} m in all"
    journal.tell(declaration, "gap_between_ways", inventory.bridged, "bridged", gaps)


def _segment_sizes(inventory: Inventory, declaration: Lines) -> Floats:
    if declaration.segment_m:
        return np.full(len(inventory.line_id), float(declaration.segment_m))
    return np.where(inventory.line_class == "metro", METRO_SEGMENT_M, SEGMENT_M)


def _route_shares(inventory: Inventory, cut: Cut) -> Floats:
    route = routes_of(inventory.line_class, inventory.ref, inventory.name)
    unnamed = np.array([PAIR_UNNAMED_M[c] for c in inventory.line_class], float)
    beside = Beside(np.where(unnamed > 0, PAIR_NAMED_M, 0.0), unnamed)
    return route_shares(cut.geometry, cut.line, route, inventory.line_class, beside, PAIR_ANGLE_DEG)


def _lines_table(
    inventory: Inventory, declaration: Lines, sizes: Floats, cut: Cut, route_m: Floats
) -> pa.Table:
    n = len(inventory.line_id)
    route_length = np.bincount(cut.line, weights=route_m, minlength=n).astype(float)
    # A road that is alone carries both directions, however it is drawn.
    beside = route_length < SEVERAL_SHARE * inventory.length_m
    oneway = np.where(beside, inventory.oneway, np.nan)
    made = pa.table(
        {
            "line_id": pa.array(inventory.line_id, pa.string()),
            "name": pa.array(inventory.name, pa.string()),
            "ref": pa.array(inventory.ref, pa.string()),
            "class": pa.array(inventory.line_class, pa.string()),
            "length_m": inventory.length_m,
            "route_length_m": route_length,
            "segment_m": sizes,
            "oneway": pa.array(oneway, pa.float64(), from_pandas=True),
            "geometry": pa.array(shapely.to_wkb(inventory.geometry), pa.binary()),
            "input": pa.repeat(declaration.name, n),
            "simulated": pa.repeat(declaration.simulated, n),
        }
    )
    return conform(made, LINES)


def _segments_table(inventory: Inventory, cut: Cut, route_m: Floats) -> pa.Table:
    inside, known = tunnel_lengths_m(inventory, cut.line, cut.from_m, cut.to_m)
    made = pa.table(
        {
            "line_id": pa.array(inventory.line_id[cut.line], pa.string()),
            "segment": cut.segment,
            "from_m": cut.from_m,
            "to_m": cut.to_m,
            "length_m": cut.length_m,
            "route_length_m": route_m,
            "tunnel": pa.array(inside > 0.5 * cut.length_m, mask=known < 0.5 * cut.length_m),
            "geometry": pa.array(shapely.to_wkb(cut.geometry), pa.binary()),
        }
    )
    return conform(made, SEGMENTS)


def _stations_table(
    declaration: Lines, inventory: Inventory, cut: Cut, journal: _Journal
) -> pa.Table:
    """Stations within reach of a line, with their chainage on each such line."""
    if not declaration.stations:
        return empty(STATIONS)
    points, names = np.zeros((0, 2)), np.zeros(0, object)
    for path, shown in journal.files(declaration, (declaration.stations,)):
        column = declaration.fields.get("station", "name")
        more, more_names, notes = read_stations(path, shown, column, declaration.datum)
        journal.take(declaration, shown, notes)
        points, names = np.concatenate([points, more]), np.concatenate([names, more_names])
    edges = edges_of(cut.geometry, cut.line, cut.from_m, cut.to_m, STATION_DISTANCE_M)
    near = nearest_per_line(edges.grid, points[:, 0], points[:, 1], STATION_DISTANCE_M)
    far = len(points) - len(np.unique(near.point))
    journal.tell(declaration, "station_off_the_lines", far, "left aside")
    frame = pd.DataFrame(
        {
            "line_id": inventory.line_id[edges.grid.line[near.edge]],
            "name": names[near.point],
            "chainage_m": edges.start_m[near.edge] + near.along * edges.length_m[near.edge],
            "lon": points[near.point, 0],
            "lat": points[near.point, 1],
        }
    ).drop_duplicates()
    return conform(pa.Table.from_pandas(frame, preserve_index=False), STATIONS)
