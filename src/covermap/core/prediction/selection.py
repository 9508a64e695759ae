"""Layers that were measured only where devices had nothing better: they do not tell of elsewhere.

A phone shows one technology at a time. What it falls back to is seen where its first choice was too
weak, which is where everything is weak: a calibration by those places would make the layer bad
everywhere. (Simulated phones that prefer NR see LTE 19 to 50 dB below what LTE is on average.)
Scanners, devices locked to one technology and phones' own first choice have no such selection.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

MAIN_SHARE = 0.5
"""A technology is what a run sought where it has at least so much of what the run measured."""

Layer = tuple[str, str]


def selected_layers(levels: pa.Table) -> set[Layer]:
    """Give the layers most of whose levels are from runs that sought another technology.

    Parameters
    ----------
    levels
        Rows of `cell_levels`, of all layers of an operator.

    Examples
    --------
    >>> rows = [("a", "nr")] * 8 + [("a", "lte")] * 2
    >>> selected_layers(pa.Table.from_pylist(
    ...     [{"operator": o, "technology": t, "run_id": "r"} for o, t in rows]))
    {('a', 'lte')}
    """
    keys = ["run_id", "operator"]
    by_layer = levels.group_by([*keys, "technology"]).aggregate([([], "count_all")])
    by_run = levels.group_by(keys).aggregate([([], "count_all")])
    both = by_layer.join(by_run, keys, right_suffix="_run")
    share = pc.divide(pc.cast(both["count_all"], pa.float64()), both["count_all_run"])
    aside = pc.multiply(both["count_all"], pc.cast(pc.less(share, MAIN_SHARE), pa.int64()))
    sums = both.append_column("aside", aside).group_by(["operator", "technology"])
    found = sums.aggregate([("count_all", "sum"), ("aside", "sum")])
    return {
        (row["operator"], row["technology"])
        for row in found.to_pylist()
        if 2 * row["aside_sum"] > row["count_all_sum"]
    }
