"""Truth: what the field is at segments, cells and samples, computed from the world, not from runs.

Written as Parquet under ``truth/``: it is for tests and for judging statistics; no step reads it.
Levels are in dBm, without fading; null: no service there (below the technology's floor, or a
tunnel without a feeder). On lines they include the loss of the vehicle's shell (``loss_db``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from covermap.core.cells import cells_at, centres
from covermap.core.lines.segments import SHORTEST_M
from covermap.simulate.field import Signal
from covermap.simulate.lines import Course
from covermap.simulate.runs.observe import Log
from covermap.simulate.world import World
from covermap.simulate.writers.logs import Written

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEGMENT_M = 100.0
METRO_SEGMENT_M = 50.0
POINTS_PER_SEGMENT = 5
"""Odd: the one in the middle is the segment's middle."""
CHUNK = 200_000

SEGMENTS = pa.schema(
    [
        ("course", pa.string()), ("name", pa.string()), ("class", pa.string()),
        ("segment", pa.int32()), ("from_m", pa.float64()), ("to_m", pa.float64()),
        ("operator", pa.string()), ("technology", pa.string()), ("rsrp_dbm", pa.float64()),
        ("sinr_db", pa.float64()), ("rsrp_mean_dbm", pa.float64()), ("none_share", pa.float64()),
        ("loss_db", pa.float64()),
    ]
)  # fmt: skip
"""Signal at each segment's middle, and mean level (where there is service) over the segment."""
CELLS = pa.schema(
    [
        ("cell", pa.int64()), ("operator", pa.string()), ("technology", pa.string()),
        ("rsrp_dbm", pa.float64()), ("sinr_db", pa.float64()),
    ]
)  # fmt: skip
"""Signal outdoors at the centre of each cell in which any sample truly lies."""
SAMPLES = pa.schema(
    [
        ("file", pa.string()), ("line", pa.int64()), ("time_ms", pa.int64()),
        ("device", pa.string()), ("operator", pa.string()), ("technology", pa.string()),
        ("lon", pa.float64()), ("lat", pa.float64()), ("course", pa.string()),
        ("chainage_m", pa.float64()), ("rsrp_dbm", pa.float64()),
    ]
)  # fmt: skip
"""True position (WGS-84) of each written record, and the field's level there without fading."""


def layers(world: World) -> list[tuple[str, str]]:
    """List operators and technologies that exist."""
    return [
        (o.plmn, t)
        for o in world.recipe.operators
        for t in ("lte", "nr", "nbiot")
        if world.field.has(o.plmn, t)
    ]


def segment_ends(length_m: float, nominal_m: float) -> Floats:
    """Chainages where segments begin and end: every `nominal_m`, the last one shorter."""
    count = max(1, math.ceil((length_m - SHORTEST_M) / nominal_m))
    return np.append(np.arange(count) * nominal_m, length_m)


def write_segments(path: Path, world: World) -> None:
    """Write the truth of every segment of every line."""
    with pq.ParquetWriter(path, SEGMENTS, compression="zstd") as writer:
        for course in world.courses:
            for plmn, technology in layers(world):
                writer.write_table(_segments(world, course, plmn, technology))


def _segments(world: World, course: Course, plmn: str, technology: str) -> pa.Table:
    metro = course.line.line_class == "metro"
    ends = segment_ends(course.length_m, METRO_SEGMENT_M if metro else SEGMENT_M)
    count = ends.size - 1
    inner = (np.arange(POINTS_PER_SEGMENT) + 0.5) / POINTS_PER_SEGMENT
    s = (ends[:-1, None] + np.diff(ends)[:, None] * inner).ravel()
    both = _served(world, technology, world.signal_on(course, plmn, technology, s))
    level, sinr = (v.reshape(count, POINTS_PER_SEGMENT) for v in both)
    middle = POINTS_PER_SEGMENT // 2
    none = np.isnan(level).mean(axis=1)
    mean = np.where(
        none < 1, np.nansum(level, 1) / np.maximum((~np.isnan(level)).sum(1), 1), np.nan
    )
    return pa.table(
        [
            [course.id] * count, [course.line.name] * count, [course.line.line_class] * count,
            np.arange(count, dtype=np.int32), ends[:-1], ends[1:], [plmn] * count,
            [technology] * count, _optional(level[:, middle]),
            _optional(sinr[:, middle]), _optional(mean), none,
            np.full(count, course.line.loss_db),
        ],
        schema=SEGMENTS,
    )  # fmt: skip


def _served(world: World, technology: str, signal: Signal) -> tuple[Floats, Floats]:
    """Level and SINR, NaN without service."""
    here = world.serves(technology, signal)
    return np.where(here, signal.rsrp_dbm, np.nan), np.where(here, signal.sinr_db, np.nan)


def _optional(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def write_cells(path: Path, world: World, cells: Ints) -> None:
    """Write the truth at the centres of cells (H3 as int64, sorted)."""
    with pq.ParquetWriter(path, CELLS, compression="zstd") as writer:
        for batch in _cells(world, cells):
            writer.write_table(batch)


def _cells(world: World, cells: Ints) -> Iterator[pa.Table]:
    for first in range(0, cells.size, CHUNK):
        part = cells[first : first + CHUNK]
        lon, lat = centres(part)
        for plmn, technology in layers(world):
            signal = world.signal_at(plmn, technology, lon, lat)
            level, sinr = _served(world, technology, signal)
            columns = [
                part, [plmn] * part.size, [technology] * part.size, _optional(level),
                _optional(sinr),
            ]  # fmt: skip
            yield pa.table(columns, schema=CELLS)


def write_samples(path: Path, file: str, log: Log, written: Written) -> None:
    """Write where each record of a file truly was."""
    true = log.take(written.row)
    served = true.technology != "none"
    n = len(true)
    course = pa.array(true.course.astype(object), pa.string(), mask=true.course == "")
    table = pa.table(
        [
            [file] * n, written.line, true.time_ms, true.device.astype(object),
            true.plmn.astype(object), true.technology.astype(object), true.true_lon,
            true.true_lat, course,
            _optional(true.s), _optional(np.where(served, true.true_rsrp_dbm, np.nan)),
        ],
        schema=SAMPLES,
    )  # fmt: skip
    pq.write_table(table, path, compression="zstd")


def cells_with(log: Log, resolution: int) -> Ints:
    """Cells in which the samples of a log truly lie, outside metros; sorted, each once."""
    open_air = ~np.isnan(log.lon)
    return np.unique(cells_at(log.true_lon[open_air], log.true_lat[open_air], resolution))
