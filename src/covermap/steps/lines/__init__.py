"""Lines: vector files of ways to lines, segments and stations along them.

Ways are read, named, joined into courses, oriented, cut into segments; parallel courses of one
route share its route length. Tracks and slip roads that make no line become links, which runs can
travel over and which count for nothing. What is left aside is counted by kind; what cannot be used
is rejected with its feature number. The datum that an entry declares is that of all its files,
names and stations included.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from covermap.core.lines.chains import Limits
from covermap.core.lines.coarse import tolerance_m
from covermap.core.lines.identity import Known
from covermap.core.lines.inventory import in_canonical_order, make_inventory
from covermap.core.lines.segments import cut_lines
from covermap.errors import ConfigError
from covermap.steps.lines.journal import Journal, together
from covermap.steps.lines.known import known_of_input
from covermap.steps.lines.links import links_table
from covermap.steps.lines.posts import posts_table
from covermap.steps.lines.rows import (
    lines_table,
    route_shares,
    segment_sizes,
    segments_table,
    stations_table,
    structures_table,
    tell_shapes,
)
from covermap.steps.lines.ways import (
    check_declaration,
    filled,
    named,
    only,
    parted,
    running_lines,
    ways_of,
)
from covermap.tables import LINES, LINKS, POSTS, SEGMENTS, STATIONS, STRUCTURES
from covermap.workspace import Lines


@dataclass(frozen=True)
class LinesResult:
    """Tables: what was made of the declared lines, and what was found on the way."""

    lines: pa.Table
    segments: pa.Table
    stations: pa.Table
    structures: pa.Table
    posts: pa.Table
    links: pa.Table
    rejected: pa.Table
    problems: pa.Table


def read_lines(
    root: Path, declarations: tuple[Lines, ...], known: pa.Table | None = None
) -> LinesResult:
    """Make lines, and what lies along them, of every `[[lines]]` entry.

    Lines of the table `known` (KNOWN_LINES, of the imports before) keep identity and direction.

    Raises
    ------
    ConfigError
        A field that the file does not have, no class for the ways, a number in `only_refs` that no
        line has, or two inputs that make the same line.
    InputError, FormatError, DatumError
        A file that cannot be read (see ``formats.vectors.read_vector``).
    """
    journal = Journal(root)
    declared = {declaration.name for declaration in declarations}
    taken: set[str] = set()
    parts = []
    for declaration in declarations:
        before = None
        if known is not None:
            before = known_of_input(known, declaration.name, declared, taken)
        parts.append(_read_one(declaration, journal, before))
        taken.update(parts[-1].lines.column("line_id").to_pylist())
    lines, segments, stations, structures, posts, links = (
        together([getattr(part, table.name) for part in parts], table)
        for table in (LINES, SEGMENTS, STATIONS, STRUCTURES, POSTS, LINKS)
    )
    _check_identities(lines)
    return LinesResult(
        lines, segments, stations, structures, posts, _once(links), journal.rejected(),
        journal.problems(),
    )  # fmt: skip


def _once(links: pa.Table) -> pa.Table:
    """Keep one of the links that several entries read: they may share a file."""
    ids = links.column("link_id").to_numpy(zero_copy_only=False).astype(str)
    return links.take(np.unique(ids, return_index=True)[1])


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
    structures: pa.Table
    posts: pa.Table
    links: pa.Table


def _read_one(declaration: Lines, journal: Journal, known: Known | None) -> _Part:
    check_declaration(declaration)
    ways, side = ways_of(declaration, journal)
    coarse_m = tolerance_m(ways.geometry)
    ways, again = in_canonical_order(ways)
    journal.tell(declaration, "duplicate_way", again, "left aside")
    if declaration.names_from:
        ways = named(declaration, ways, journal)
    ways = filled(declaration, only(declaration, ways, journal), journal)
    ways, side = running_lines(declaration, ways, side, journal)
    ways = parted(declaration, ways, journal)
    ways, _ = in_canonical_order(ways)
    inventory = make_inventory(ways, Limits(), known)
    tell_shapes(inventory, declaration, journal)
    sizes = segment_sizes(inventory, declaration)
    cut = cut_lines(inventory.geometry, sizes)
    route_m = cut.length_m * route_shares(inventory, cut, coarse_m)
    return _Part(
        lines_table(inventory, declaration, sizes, cut, route_m),
        segments_table(inventory, cut, route_m),
        stations_table(declaration, inventory, cut, journal),
        structures_table(inventory),
        posts_table(declaration, inventory, cut, journal),
        links_table(declaration, side, inventory, journal),
    )
