"""Lines: vector files of ways to lines, segments and stations along them.

Ways are read, named, joined into courses, oriented, cut into segments; parallel courses of one
route share its route length. What is left aside is counted by kind; what cannot be used is rejected
with its feature number. The datum that an entry declares is that of all its files, names and
stations included.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from covermap.core.lines.chains import Limits
from covermap.core.lines.inventory import in_canonical_order, make_inventory
from covermap.core.lines.segments import cut_lines
from covermap.errors import ConfigError
from covermap.steps.lines.journal import Journal, together
from covermap.steps.lines.rows import (
    lines_table,
    route_shares,
    segment_sizes,
    segments_table,
    stations_table,
    tell_shapes,
)
from covermap.steps.lines.ways import check_declaration, named, only, ways_of
from covermap.tables import LINES, SEGMENTS, STATIONS
from covermap.workspace import Lines


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
    journal = Journal(root)
    parts = [_read_one(declaration, journal) for declaration in declarations]
    lines, segments, stations = (
        together([getattr(part, table.name) for part in parts], table)
        for table in (LINES, SEGMENTS, STATIONS)
    )
    _check_identities(lines)
    return LinesResult(lines, segments, stations, journal.rejected(), journal.problems())


def _check_identities(lines: pa.Table) -> None:
    frame = lines.select(["line_id", "input"]).to_pandas()
    again = frame[frame["line_id"].duplicated(keep=False)]
    if len(again):
        inputs = " and ".join(sorted(set(again["input"])))
        count = again["line_id"].nunique()
        raise ConfigError(f"lines {inputs}: {count} lines are in both; declare each once.")


@dataclass(frozen=True)
class _Part:
    lines: pa.Table
    segments: pa.Table
    stations: pa.Table


def _read_one(declaration: Lines, journal: Journal) -> _Part:
    check_declaration(declaration)
    ways = ways_of(declaration, journal)
    ways, again = in_canonical_order(ways)
    journal.tell(declaration, "duplicate_way", again, "left aside")
    if declaration.names_from:
        ways = named(declaration, ways, journal)
    ways = only(declaration, ways, journal)
    ways, _ = in_canonical_order(ways)
    inventory = make_inventory(ways, Limits())
    tell_shapes(inventory, declaration, journal)
    sizes = segment_sizes(inventory, declaration)
    cut = cut_lines(inventory.geometry, sizes)
    route_m = cut.length_m * route_shares(inventory, cut)
    return _Part(
        lines_table(inventory, declaration, sizes, cut, route_m),
        segments_table(inventory, cut, route_m),
        stations_table(declaration, inventory, cut, journal),
    )
