"""Weak sections of lines in one layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from covermap.core.weak.areas import as_multi
from covermap.core.weak.sections import NO_GROUP, keep_large, weak_sections
from covermap.core.weak.spots import Figures, summarise
from covermap.engine.step import StepContext
from covermap.steps.weak.frame import (
    PIECE_COLUMNS,
    Layer,
    Sites,
    made_by_simulator,
    percentile_5,
    read_pieces,
    spot_columns,
)
from covermap.tables import ALL, ANY, WEAK_SPOTS, conform, empty

_VERDICTS = f"""
SELECT line_id, segment, dense_rank() OVER (ORDER BY line_id)::BIGINT AS line,
  length_m, runs, {PIECE_COLUMNS}
FROM segment_verdicts WHERE operator = $operator AND technology = $technology
ORDER BY line_id, segment"""
_COURSE = """
SELECT spot_piece.spot, line_id, coalesce(name, ref) AS line_name, class AS line_class,
  from_m, to_m, segments.geometry, simulated
FROM spot_piece JOIN segments USING (line_id, segment) JOIN lines USING (line_id)
ORDER BY line_id, segment"""


def find_sections(connection: Any, layer: Layer, sites: Sites, ctx: StepContext) -> pa.Table:
    """Give the rows of weak_spots for one layer's sections."""
    values = {"operator": layer[0], "technology": layer[1]}
    table = connection.sql(_VERDICTS, params=values).to_arrow_table()
    group = _groups(table, ctx)
    member = group != NO_GROUP
    if not member.any():
        return empty(WEAK_SPOTS)
    rows = table.filter(pa.array(member))
    length_m = rows.column("length_m").to_numpy()
    pieces = read_pieces(rows, group[member], length_m)
    figures = summarise(pieces)
    named = rows.select(["line_id", "segment"]).append_column("spot", pa.array(pieces.group))
    connection.register("spot_piece", named)
    course = connection.sql(_COURSE).to_arrow_table()
    columns = _columns(layer, figures, course, sites, ctx)
    columns["length_m"] = pa.array(figures.size)
    columns["runs"] = _fewest_runs(rows, pieces.group, layer)
    floor = ctx.rules.no_service.level_dbm
    columns["rsrp_p5_dbm"] = percentile_5(
        connection, "segment_evidence", "line_id, segment", layer, figures.n_none, floor
    )
    connection.unregister("spot_piece")
    return conform(pa.table(columns), WEAK_SPOTS)


def _fewest_runs(rows: pa.Table, group: NDArray[np.int64], layer: Layer) -> pa.Array:
    """Give the fewest runs behind a piece of each section; null where operators are together."""
    fewest = np.full(int(group.max()) + 1, np.iinfo(np.int32).max, np.int32)
    np.minimum.at(fewest, group, rows.column("runs").to_numpy())
    return pa.array(fewest, mask=np.full(len(fewest), layer[0] in (ANY, ALL)))


def _groups(table: pa.Table, ctx: StepContext) -> NDArray[np.int64]:
    verdict = table.column("verdict")
    failing = pc.is_in(verdict, pa.array(["weak", "none"])).to_numpy()
    unmeasured = pc.equal(verdict, "unmeasured").to_numpy()
    length_m = table.column("length_m").to_numpy()
    rule = ctx.rules.weak
    line = table.column("line").to_numpy()
    group = weak_sections(line, failing, unmeasured, length_m, rule.bridge_m)
    return keep_large(group, length_m, rule.min_section_m)


def _columns(
    layer: Layer, figures: Figures, course: pa.Table, sites: Sites, ctx: StepContext
) -> dict[str, Any]:
    geometry = shapely.from_wkb(course.column("geometry").to_numpy(zero_copy_only=False))
    spot = course.column("spot").to_numpy()
    middle = shapely.line_interpolate_point(geometry[figures.anchor], 0.5, normalized=True)
    weakest = course.take(pa.array(figures.anchor))
    from_m, to_m = (course.column(c).to_numpy() for c in ("from_m", "to_m"))
    ids = weakest.column("line_id").to_pylist()
    anchors = [f"{m:.0f}" for m in from_m[figures.anchor].tolist()]
    columns = spot_columns(
        "section", layer, figures, list(zip(ids, anchors, strict=True)),
        shapely.get_x(middle), shapely.get_y(middle), sites, ctx,
    )  # fmt: skip
    made = pc.or_(weakest.column("simulated"), made_by_simulator(ctx.config))
    # spots and segments are both in order along the line, so a spot's rows are together
    first = np.searchsorted(spot, np.arange(len(figures.size)))
    last = np.searchsorted(spot, np.arange(len(figures.size)), side="right") - 1
    return columns | {
        **{name: weakest.column(name) for name in ("line_id", "line_name", "line_class")},
        "from_m": pa.array(from_m[first]),
        "to_m": pa.array(to_m[last]),
        "geometry": pa.array(shapely.to_wkb(_joined(geometry, spot)).tolist(), pa.binary()),
        "simulated": made,
    }


def _joined(geometry: NDArray[np.object_], spot: NDArray[np.int64]) -> NDArray[np.object_]:
    """Segments of each spot as one MultiLineString, joined where they meet end to end."""
    parts, owner = shapely.get_parts(geometry, return_index=True)
    gathered = shapely.multilinestrings(parts, indices=spot[owner])
    merged = np.asarray(shapely.line_merge(gathered, directed=True), dtype=object)
    return as_multi(merged, shapely.multilinestrings)
