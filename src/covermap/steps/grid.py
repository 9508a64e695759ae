"""Grid: samples of one part to counts per H3 cell."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.cells import cells_at
from covermap.core.judging.histogram import count_bins
from covermap.tables import CELL_EVIDENCE, conform, in_order
from covermap.workspace import Config


def grid_part(samples: pa.Table, config: Config) -> pa.Table:
    """Count the samples whose position is known well enough, per cell and layer.

    Parameters
    ----------
    samples
        Rows of ``tables.SAMPLES``.
    config
        `grid.resolution`, and `positions.max_error_m`: a sample that is lost, or known less well,
        is in no cell (it stays in the table of samples).

    Returns
    -------
    pa.Table
        ``tables.CELL_EVIDENCE``, in key order.
    """
    placed = samples.filter(well_placed(samples, config.positions.max_error_m))
    cells = cells_at(
        placed.column("lon").to_numpy(), placed.column("lat").to_numpy(), config.grid.resolution
    )
    counts = count_bins(placed.append_column("cell", pa.array(cells)), ["cell"])
    return in_order(conform(counts, CELL_EVIDENCE), CELL_EVIDENCE)


def well_placed(samples: pa.Table, max_error_m: float) -> pa.ChunkedArray:
    """Whether each sample's position is known to within `max_error_m`."""
    known = pc.and_(
        pc.not_equal(samples.column("position_basis"), "lost"),
        pc.less_equal(samples.column("position_error_m"), max_error_m),
    )
    finite = pc.and_(pc.is_finite(samples.column("lon")), pc.is_finite(samples.column("lat")))
    return pc.fill_null(pc.and_(known, finite), False)
