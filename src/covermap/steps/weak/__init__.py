"""Weak: verdicts to weak spots, in every layer (derived ones too).

A weak **section** is a row of weak or serviceless segments of a line; its length is theirs, so the
sections of a layer add up to its weak and serviceless length where no section is too short to be
listed. A weak **area** is a set of connected weak or serviceless cells. Figures of a spot are those
of its pieces; the 5th percentile is counted anew from the evidence, in the layers of one operator
and one technology (a derived layer has no samples of its own).
"""

from __future__ import annotations

import pyarrow as pa

from covermap.engine.step import StepContext
from covermap.steps.weak.areas import find_areas
from covermap.steps.weak.frame import Sites
from covermap.steps.weak.sections import find_sections
from covermap.tables import WEAK_SPOTS, empty

_TABLES = (
    "cell_verdicts", "segment_verdicts", "cell_evidence", "segment_evidence", "segments", "lines",
    "sites",
)  # fmt: skip


def run(ctx: StepContext) -> None:
    """Write weak_spots."""
    connection = ctx.connect(*_TABLES)
    try:
        sites = Sites.read(connection)
        found = [empty(WEAK_SPOTS)]
        layers = ctx.layers()
        for number, layer in enumerate(layers):
            ctx.progress(number / len(layers), "/".join(layer))
            found.append(find_sections(connection, layer, sites, ctx))
            found.append(find_areas(connection, layer, sites, ctx))
        ctx.report["weak_spots"] = ctx.write("weak_spots", pa.concat_tables(found))
    finally:
        connection.close()
