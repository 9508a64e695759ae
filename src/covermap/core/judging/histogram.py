"""Samples counted in 1 dB bins: exact, mergeable by addition, free of order.

A bin ``k`` holds ``k <= x < k + 1``. Sums of levels are integers of 0.01 dB, so adding them up does
not depend on the order. Any whole-dB threshold and any quantile to 1 dB can be had from the counts
later without reading a sample again.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.cube.counts import NO_BIN
from covermap.core.cube.samples import binned
from covermap.tables import NO_TECHNOLOGY

LAYER_COLUMNS = ("operator", "technology", "source", "period")
BIN_COLUMNS = ("rsrp_bin", "sinr_bin")
SUM_COLUMNS = ("n", "rsrp_sum_cdb", "sinr_sum_cdb")


def count_bins(samples: pa.Table, keys: list[str]) -> pa.Table:
    """Count samples in 1 dB bins of level and SINR, per key and layer.

    Parameters
    ----------
    samples
        Rows with `keys` and the columns operator, technology, service, source, period, rsrp_dbm
        and sinr_db of ``tables.SAMPLES``.
    keys
        Columns that tell places apart (cell; or line_id, segment, run_id, ...), kept as they are.

    Returns
    -------
    pa.Table
        keys, operator, technology, source, period, rsrp_bin and sinr_bin (int16), n, rsrp_sum_cdb
        and sinr_sum_cdb (int64), sorted by all but the last three. One row a group: of another
        length than the samples.

    Notes
    -----
    A missing or non-finite level counts in the bin null and adds 0 to the sum. A sample without
    service is of technology ``none`` and has no level, whatever the receiver went on writing: the
    level is that of a cell that does not serve.

    Examples
    --------
    >>> one = {"operator": "46000", "technology": "lte", "service": True, "source": "drive",
    ...        "period": "2025-01", "rsrp_dbm": -104.5, "sinr_db": None, "cell": 1}
    >>> count_bins(pa.Table.from_pylist([one, one]), ["cell"]).to_pylist()[0]["rsrp_bin"]
    -105
    """
    served = samples.column("service")
    columns = {name: samples.column(name) for name in (*keys, "operator", "source", "period")}
    columns["technology"] = pc.if_else(served, samples.column("technology"), NO_TECHNOLOGY)
    for signal, kind in (("rsrp", "rsrp_dbm"), ("sinr", "sinr_db")):
        bins, cdb = binned(samples, kind)
        columns[f"{signal}_bin"] = pa.array(bins, mask=bins == NO_BIN)
        columns[f"{signal}_sum_cdb"] = pa.array(cdb)
    columns["n"] = pa.repeat(pa.scalar(1, pa.int64()), samples.num_rows)
    return add_counts(pa.table(columns), [*keys, *LAYER_COLUMNS, *BIN_COLUMNS])


def add_counts(counts: pa.Table, by: list[str]) -> pa.Table:
    """Add up counts of equal keys; sorted by the keys, nulls last.

    Adding the counts of parts gives the counts of the whole, however it was cut.

    Examples
    --------
    >>> rows = [{"k": 1, "n": 2, "rsrp_sum_cdb": -1, "sinr_sum_cdb": None}] * 2
    >>> add_counts(pa.Table.from_pylist(rows), ["k"]).to_pylist()
    [{'k': 1, 'n': 4, 'rsrp_sum_cdb': -2, 'sinr_sum_cdb': 0}]
    """
    grouped = counts.group_by(by, use_threads=False).aggregate([(c, "sum") for c in SUM_COLUMNS])
    columns = {name: grouped.column(name) for name in by}
    for name in SUM_COLUMNS:
        columns[name] = pc.fill_null(grouped.column(f"{name}_sum").cast(pa.int64()), 0)
    added = pa.table(columns)
    return added.sort_by([(name, "ascending") for name in by])
