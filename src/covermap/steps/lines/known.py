"""Lines known from the imports before: a table that the workspace keeps."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from covermap.core.lines.identity import Known, stored_geometry
from covermap.tables import KNOWN_LINES, conform, empty, in_order


def known_of_input(known: pa.Table, name: str, declared: set[str], taken: set[str]) -> Known:
    """Give the known lines that lines of an input may be.

    Those of the input itself and of inputs that are no longer declared (it may have been renamed);
    never those that another input has `taken` already.
    """
    inputs = pc.or_(
        pc.equal(known["input"], name),
        pc.invert(pc.is_in(known["input"], pa.array(sorted(declared), pa.string()))),
    )
    free = pc.invert(pc.is_in(known["line_id"], pa.array(sorted(taken), pa.string())))
    rows = known.filter(pc.and_(inputs, free))
    line_id, line_class, wkb = (
        rows.column(c).to_numpy(zero_copy_only=False) for c in ("line_id", "class", "geometry")
    )
    return Known(line_id, line_class, shapely.from_wkb(wkb))


def remember(known: pa.Table | None, lines: pa.Table) -> pa.Table:
    """Give the known lines after an import: as they are now, and those that are gone as they were.

    A line that is gone is remembered: it is recognised when it comes back.
    """
    wkb = lines.column("geometry").to_numpy(zero_copy_only=False)
    stored = shapely.to_wkb(stored_geometry(shapely.from_wkb(wkb)))
    now = lines.select(["line_id", "class", "input"]).append_column(
        "geometry", pa.array(stored, pa.binary())
    )
    before = known if known is not None else empty(KNOWN_LINES)
    gone = before.filter(pc.invert(pc.is_in(before["line_id"], lines["line_id"])))
    return in_order(pa.concat_tables([conform(now, KNOWN_LINES), gone]), KNOWN_LINES)
