"""Sites from measurements: where no table has an operator's cells, they are located from samples.

The samples are counted by cell, place and level (DuckDB, spilled when it must), and the counts of
some hundred cells at a time are located by a worker: memory does not grow with the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from covermap.core.sites.classes import ELEMENT_DB, REFERENCE_DB
from covermap.core.sites.heard import PER_DEGREE, Counts
from covermap.core.sites.locate import Located, locate
from covermap.engine.step import StepContext
from covermap.tables import ANTENNAS, SITES, conform

INPUT = "measurements"
"""What `sites.input` says of a located cell."""
CELLS_A_PIECE = 300
_SMALL_CELLS = 1_000
"""Fewer are located in this process."""
_LARGEST_LOCAL_ID = 65_535
"""GSM and UMTS identities up to this are their location area's own (TS 23.003)."""
_NODES = {"lte": 256, "nbiot": 256, "nr": 4096}
"""Cells of one eNodeB or gNodeB (24 bits): TS 36.413, TS 38.413."""

_HEARD = f"""
CREATE TEMP VIEW heard AS
SELECT operator, technology, cell_id, pci, arfcn, band, tac, simulated, antenna,
    CASE WHEN technology IN ('gsm', 'umts')
        AND coalesce(try_cast(cell_id AS BIGINT), 0) <= {_LARGEST_LOCAL_ID} THEN tac END AS area,
    floor(lon * {PER_DEGREE})::BIGINT AS east, floor(lat * {PER_DEGREE})::BIGINT AS north,
    round(rsrp_dbm)::BIGINT AS level_db
FROM samples
WHERE cell_id IS NOT NULL AND rsrp_dbm IS NOT NULL AND lon IS NOT NULL
    AND technology <> 'none' AND position_error_m <= $most_m
    AND NOT EXISTS (
        SELECT 1 FROM declared
        WHERE declared.technology IS NOT DISTINCT FROM samples.technology
            AND coalesce(declared.operator, samples.operator) = samples.operator
    )
"""
_CELLS = """
CREATE TEMP TABLE cells AS
SELECT row_number() OVER (ORDER BY operator, technology, area, cell_id) - 1 AS cell, *
FROM (
    SELECT operator, technology, area, cell_id,
        CASE WHEN min(pci) = max(pci) THEN min(pci) END AS pci,
        CASE WHEN min(arfcn) = max(arfcn) THEN min(arfcn) END AS arfcn,
        CASE WHEN min(band) = max(band) THEN min(band) END AS band,
        CASE WHEN min(tac) = max(tac) THEN min(tac) END AS tac,
        bool_or(simulated) AS simulated
    FROM heard GROUP BY ALL
)
"""
_COUNTS = """
SELECT cell, coalesce(list_position($antennas, antenna), 0)::BIGINT AS kind, east, north, level_db,
    count(*) AS n
FROM heard JOIN cells ON heard.operator = cells.operator AND heard.technology = cells.technology
    AND heard.area IS NOT DISTINCT FROM cells.area AND heard.cell_id = cells.cell_id
GROUP BY ALL ORDER BY cell
"""


def locate_cells(ctx: StepContext) -> None:
    """Write `sites` anew: as declared, and a row for each cell that was located.

    Cells are located of those operators and technologies that no site table has a row of (a table
    without operators stands for all). Positions not known to `positions.max_error_m` do not count.
    """
    sites = ctx.tables.read("sites")
    connection = ctx.connect("samples", "sites")
    connection.execute(
        "CREATE TEMP VIEW declared AS SELECT DISTINCT operator, technology FROM sites"
    )
    heard = _HEARD.replace("$most_m", repr(float(ctx.config.positions.max_error_m)))
    connection.execute(heard)
    connection.execute(_CELLS)
    cells = connection.sql("SELECT * FROM cells ORDER BY cell").to_arrow_table()
    counts = ctx.out / "heard.part"
    named = ", ".join(f"'{a}'" for a in ANTENNAS)
    query = _COUNTS.replace("$antennas", f"[{named}]")
    connection.execute(f"COPY ({query}) TO '{_quoted(counts)}' (FORMAT parquet)")
    connection.close()
    found = _in_pieces(ctx, counts, cells)
    counts.unlink()
    made = [_rows(cells, located) for located in found]
    ctx.report["located cells"] = sum(m.num_rows for m in made)
    ctx.write("sites", pa.concat_tables([conform(sites, SITES), *made]))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


@dataclass(frozen=True)
class _Piece:
    """Cells from `first` up to `end` of a file of counts."""

    path: Path
    first: int
    end: int
    technology: tuple[str, ...]
    reach_m: float


def _in_pieces(ctx: StepContext, counts: Path, cells: pa.Table) -> list[Located]:
    declared = ctx.config.locate
    assert declared is not None  # the pipeline leaves the step out otherwise
    technology = cells["technology"].to_pylist()
    pieces = [
        _Piece(
            counts, a, a + CELLS_A_PIECE, tuple(technology[a : a + CELLS_A_PIECE]), declared.reach_m
        )
        for a in range(0, cells.num_rows, CELLS_A_PIECE)
    ]
    found: list[Any] = [None] * len(pieces)
    run = ctx.workers.run(_locate, pieces, small=cells.num_rows <= _SMALL_CELLS)
    for done, (at, located) in enumerate(run, 1):
        found[at] = located
        ctx.progress(done / len(pieces), "locate")
    return found


def _locate(piece: _Piece) -> Located:
    rows = pq.read_table(
        piece.path, filters=[("cell", ">=", piece.first), ("cell", "<", piece.end)]
    )
    columns = {name: rows[name].to_numpy().astype(np.int64) for name in rows.column_names}
    order = np.argsort(columns["cell"], kind="stable")
    counts = Counts(**{name: values[order] for name, values in columns.items()})
    return locate(_as_of_elements(counts, piece), piece.reach_m)


def _as_of_elements(counts: Counts, piece: _Piece) -> Counts:
    """Bring levels to those of a resource element of LTE, so that technologies compare."""
    beside = np.array(
        [round(ELEMENT_DB - REFERENCE_DB.get(t, ELEMENT_DB)) for t in piece.technology]
    )
    level = counts.level_db + beside[counts.cell - piece.first]
    return Counts(counts.cell, counts.kind, counts.east, counts.north, level, counts.n)


def _rows(cells: pa.Table, located: Located) -> pa.Table:
    """Rows of `sites`; parts of one identity are sites of their own."""
    named = cells.take(pa.array(located.cell))
    site = [
        _site(row, part) for row, part in zip(named.to_pylist(), located.part.tolist(), strict=True)
    ]
    n = len(site)
    columns = {name: named[name] for name in _KEPT} | {
        "site_id": pa.array(site, pa.string()),
        "lon": pa.array(np.round(located.lon, 6)),
        "lat": pa.array(np.round(located.lat, 6)),
        "uncertainty_m": pa.array(np.round(located.uncertainty_m, 1)),
        "located": pa.array([True] * n, pa.bool_()),
        "samples": pa.array(located.n),
        "input": pa.array([INPUT] * n, pa.string()),
    }
    return conform(pa.table(columns), SITES)


_KEPT = ("cell_id", "operator", "technology", "pci", "arfcn", "band", "tac", "simulated")


def _site(cell: dict[str, Any], part: int) -> str:
    """Name the base station that an identity is of, else the cell; `#2`: heard in another town."""
    size, number = _NODES.get(cell["technology"]), cell["cell_id"]
    if size and number.isdigit() and int(number) >= size:
        name = str(int(number) // size)
    else:
        name = number if cell["area"] is None else f"{cell['area']}-{number}"
    return name if part == 0 else f"{name}#{part + 1}"
