"""Rows of `links`: side tracks and slip roads that runs travel over, of one `[[lines]]` entry."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely

from covermap.core.lines.inventory import Inventory
from covermap.core.lines.links import (
    LONG_M,
    Ends,
    Links,
    SideWays,
    change_tracks,
    courses_of,
    ends_of,
    link_ids,
)
from covermap.core.lines.pairing import routes_of
from covermap.formats.ways import NOT_COUNTED
from covermap.steps.lines.journal import Journal
from covermap.steps.lines.ways import tell_km
from covermap.tables import LINKS, conform
from covermap.workspace import Lines


def links_table(
    declaration: Lines, side: SideWays, inventory: Inventory, journal: Journal
) -> pa.Table:
    """Rows of `links`; what no run can come to, or would be led astray by, is told and left out."""
    links, again = courses_of(side)
    journal.tell(declaration, "duplicate_way", again, "left aside")
    links = _asked_for(declaration, links, journal)
    ends = ends_of(links, inventory.geometry, inventory.line_class)
    route = routes_of(inventory.line_class, inventory.ref, inventory.name)
    change = change_tracks(links, ends, inventory.line_class, route)
    for kind, aside in (
        ("side_track_joins_no_line", ~ends.joined),
        ("crossover_of_one_line", ends.joined & change),
    ):
        tell_km(declaration, journal, kind, links.length_m[aside], "left aside")
    kept = ends.joined & ~change
    _tell_connecting(declaration, links, ends, kept, journal)
    links = links.take(kept)
    tell_km(declaration, journal, "side_track_to_match", links.length_m, NOT_COUNTED)
    return _rows(declaration, links)


def _asked_for(declaration: Lines, links: Links, journal: Journal) -> Links:
    """Leave out kinds that the entry does not ask for."""
    if declaration.links is None:
        return links
    wanted = np.isin(links.kind.astype(str), declaration.links)
    left = links.length_m[~wanted]
    tell_km(declaration, journal, "side_track_not_asked_for", left, "left aside")
    return links.take(wanted)


def _tell_connecting(
    declaration: Lines, links: Links, ends: Ends, kept: np.ndarray, journal: Journal
) -> None:
    """Tell connecting tracks that look as if they were something else."""
    called = kept & (links.kind == "connecting")
    back = called & (ends.first >= 0) & (ends.first == ends.last)
    tell_km(declaration, journal, "connects_line_with_itself", links.length_m[back], "kept")
    long = np.flatnonzero(called & (links.length_m > LONG_M))
    if len(long):
        k = long[np.argmax(links.length_m[long])]
        told = f"{links.name[k] or links.ref[k] or '-'}: {links.length_m[k] / 1000:.1f} km"
        journal.tell(declaration, "long_connecting_track", len(long), NOT_COUNTED, told)


def _rows(declaration: Lines, links: Links) -> pa.Table:
    n = len(links.kind)
    made = pa.table(
        {
            "link_id": pa.array(link_ids(links), pa.string()),
            "name": pa.array(links.name, pa.string()),
            "ref": pa.array(links.ref, pa.string()),
            "class": pa.array(links.line_class, pa.string()),
            "kind": pa.array(links.kind, pa.string()),
            "length_m": links.length_m,
            "geometry": pa.array(shapely.to_wkb(links.geometry), pa.binary()),
            "input": pa.repeat(declaration.name, n),
            "simulated": pa.repeat(declaration.simulated, n),
        }
    )
    return conform(made, LINKS)
