"""The tables that matching makes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.judging.histogram import count_bins
from covermap.core.lines.network import Network, segments_at
from covermap.steps.match.found import Flags, Found
from covermap.tables import MATCHED, SEGMENT_EVIDENCE, conform, empty, in_order
from covermap.workspace import Matching


def nothing_matched(samples: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Give the tables of samples where there is no line at all."""
    nothing = pa.nulls(samples.num_rows)
    made = samples.select(["run_id", "seq"]).append_column("line_id", nothing.cast(pa.string()))
    made = made.append_column("reason", pa.repeat(pa.scalar("too_far"), samples.num_rows))
    return conform(made, MATCHED), empty(SEGMENT_EVIDENCE)


def matched_table(samples: pa.Table, found: Found, network: Network) -> pa.Table:
    """Give every sample of the part, with its place or the reason why it has none."""
    on = found.line >= 0
    rival = on & (found.other >= 0)
    made = pa.table(
        {
            "run_id": samples.column("run_id"),
            "seq": samples.column("seq"),
            "line_id": pa.array(network.line_id[np.maximum(found.line, 0)], mask=~on),
            "segment": pa.array(segments_at(network, found.line, found.chainage_m), mask=~on),
            "chainage_m": pa.array(found.chainage_m, mask=~on),
            "offset_m": pa.array(found.offset_m, mask=~on),
            "direction": pa.array(found.direction, mask=~on),
            "probability": pa.array(found.probability, mask=~on),
            "position_error_m": pa.array(np.round(found.error_m, 3), mask=~on),
            "basis": pa.array(found.basis, pa.string(), mask=~on),
            "other_line_id": pa.array(network.line_id[np.maximum(found.other, 0)], mask=~rival),
            "other_probability": pa.array(found.other_probability, mask=~rival),
            "reason": pa.array(found.reason, pa.string(), mask=on),
        }
    )
    return in_order(conform(made, MATCHED), MATCHED)


def counting(matched: pa.Table, rules: Matching) -> Flags:
    """Which samples are evidence of their segment.

    Those that are on the line with at least `min_probability`, and whose place on it is known: to
    `positions.max_error_m` from positions (checked before they are matched), to
    `max_mark_error_m` between marks. A sample counts whole, in the one segment that is most
    likely; its error moves a count to a neighbouring segment at worst.
    """
    likely = matched.column("probability").fill_null(0.0).to_numpy() >= rules.min_probability
    error = matched.column("position_error_m").fill_null(np.inf).to_numpy()
    mark = pc.fill_null(pc.equal(matched.column("basis"), "mark"), False).to_numpy()
    made: Flags = likely & (~mark | (error <= rules.max_mark_error_m))
    return made


def evidence_of(samples: pa.Table, matched: pa.Table, rules: Matching) -> pa.Table:
    """Count the samples on lines; `matched` is in the order of the samples."""
    joined = samples
    for name in ("line_id", "segment", "direction"):
        joined = joined.append_column(name, matched.column(name))
    joined = joined.filter(pa.array(counting(matched, rules)))
    keys = ["line_id", "segment", "run_id", "campaign", "direction"]
    return in_order(conform(count_bins(joined, keys), SEGMENT_EVIDENCE), SEGMENT_EVIDENCE)
