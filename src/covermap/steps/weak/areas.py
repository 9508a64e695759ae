"""Weak areas of cells in one layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from covermap.core.cells import centres
from covermap.core.weak.areas import connected_areas, outlines
from covermap.core.weak.sections import NO_GROUP, keep_large
from covermap.core.weak.spots import summarise
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
from covermap.tables import WEAK_SPOTS, conform, empty

_VERDICTS = f"""
SELECT cell, area_m2, {PIECE_COLUMNS} FROM cell_verdicts
WHERE operator = $operator AND technology = $technology AND verdict IN ('weak', 'none')
ORDER BY cell"""


def find_areas(connection: Any, layer: Layer, sites: Sites, ctx: StepContext) -> pa.Table:
    """Give the rows of weak_spots for one layer's areas."""
    values = {"operator": layer[0], "technology": layer[1]}
    table = connection.sql(_VERDICTS, params=values).to_arrow_table()
    everyone = connected_areas(table.column("cell").to_numpy())
    group = keep_large(everyone, np.ones(table.num_rows), ctx.rules.weak.min_cells)
    member = group != NO_GROUP
    if not member.any():
        return empty(WEAK_SPOTS)
    rows, group = table.filter(pa.array(member)), group[member]
    cells = rows.column("cell").to_numpy()
    figures = summarise(read_pieces(rows, group, rows.column("area_m2").to_numpy()))
    weakest = cells[figures.anchor]
    names = [("", f"{cell:x}") for cell in weakest.tolist()]
    columns = spot_columns("area", layer, figures, names, *centres(weakest), sites, ctx)
    columns["runs"] = pa.nulls(len(weakest), pa.int32())
    columns["area_m2"] = pa.array(figures.size)
    columns["geometry"] = pa.array(shapely.to_wkb(outlines(cells, group)).tolist(), pa.binary())
    columns["simulated"] = pa.repeat(pa.scalar(made_by_simulator(ctx.config)), len(weakest))
    floor = ctx.rules.no_service.level_dbm
    connection.register("spot_piece", pa.table({"cell": cells, "spot": group}))
    columns["rsrp_p5_dbm"] = percentile_5(
        connection, "cell_evidence", "cell", layer, figures.n_none, floor
    )
    connection.unregister("spot_piece")
    return conform(pa.table(columns), WEAK_SPOTS)
