"""The tables that matching makes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from covermap.core.geodesy import Floats, Ints
from covermap.core.judging.histogram import count_bins
from covermap.core.lines.network import Network, in_tunnel, is_link, segments_at
from covermap.steps.match.found import Flags, Found
from covermap.tables import MATCHED, SEGMENT_EVIDENCE, conform, empty, in_order
from covermap.workspace import Config

ON_LINK = "on_link"
"""Reason of samples on links: they are where they are, and count for no line."""
ROUNDING = 1e-9
"""Sums of probabilities are known to this."""


def nothing_matched(samples: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Give the tables of samples where there is no line at all."""
    nothing = pa.nulls(samples.num_rows)
    made = samples.select(["run_id", "seq"]).append_column("line_id", nothing.cast(pa.string()))
    made = made.append_column("reason", pa.repeat(pa.scalar("too_far"), samples.num_rows))
    return conform(made, MATCHED), empty(SEGMENT_EVIDENCE)


def matched_table(samples: pa.Table, found: Found, network: Network) -> pa.Table:
    """Give every sample of the part, with its place or the reason why it has none."""
    placed, link = found.line >= 0, is_link(network, found.line)
    on = placed & ~link
    rival = placed & (found.other >= 0)
    number = np.maximum(found.line, 0)
    reason = np.where(link, ON_LINK, found.reason)
    made = pa.table(
        {
            "run_id": samples.column("run_id"),
            "seq": samples.column("seq"),
            "line_id": pa.array(network.line_id[number], mask=~on),
            "link_id": pa.array(network.line_id[number], mask=~link),
            "segment": pa.array(segments_at(network, found.line, found.chainage_m), mask=~on),
            "chainage_m": pa.array(found.chainage_m, mask=~placed),
            "offset_m": pa.array(found.offset_m, mask=~placed),
            "direction": pa.array(found.direction, mask=~placed),
            "probability": pa.array(found.probability, mask=~placed),
            "position_error_m": pa.array(np.round(found.error_m, 3), mask=~placed),
            "basis": pa.array(found.basis, pa.string(), mask=~placed),
            "other_line_id": pa.array(network.line_id[np.maximum(found.other, 0)], mask=~rival),
            "other_probability": pa.array(found.other_probability, mask=~rival),
            "reason": pa.array(reason, pa.string(), mask=on),
        }
    )
    return in_order(conform(made, MATCHED), MATCHED)


def counting(matched: pa.Table, network: Network, config: Config) -> Flags:
    """Which samples are evidence of their segment; `matched` is in the order of the samples.

    Those that are on a line with at least `min_probability`, and whose place on it is known. Tracks
    of one route, which positions cannot tell apart, are one for this: of two, the likelier takes
    the sample when it was on either of them with that probability. As to the place, a
    position of the receiver's own was checked before it was matched; between fixes the error must
    be within `positions.max_error_m`; in tunnels and between marks, where nothing better can be
    had, within `max_mark_error_m`. A sample counts whole, in the one segment that is most likely;
    its error moves a count to a neighbouring segment at worst.
    """
    rules = config.matching
    line, other = (_numbers(matched.column(c), network) for c in ("line_id", "other_line_id"))
    likely = _on_route(matched, network.route, line, other) >= rules.min_probability - ROUNDING
    likely &= line >= 0
    error = matched.column("position_error_m").fill_null(np.inf).to_numpy()
    gps, mark = (
        pc.fill_null(pc.equal(matched.column("basis"), basis), False).to_numpy()
        for basis in ("gps", "mark")
    )
    chainage = matched.column("chainage_m").fill_null(np.nan).to_numpy()
    deep = mark | in_tunnel(network, line, chainage)
    limit = np.where(deep, rules.max_mark_error_m, config.positions.max_error_m)
    made: Flags = likely & (gps | (error <= limit))
    return made


def _numbers(ids: pa.ChunkedArray, network: Network) -> Ints:
    """Give the number of each line in the network; -1 for none."""
    found = pc.index_in(ids, value_set=pa.array(network.line_id)).fill_null(-1)
    made: Ints = found.to_numpy().astype(np.int64)
    return made


def _on_route(matched: pa.Table, route: Ints, line: Ints, other: Ints) -> Floats:
    """Probability that each sample was on its line, or on the other likely one of that route."""
    own, beside = (
        matched.column(c).fill_null(0.0).to_numpy() for c in ("probability", "other_probability")
    )
    of = np.r_[route, -1]
    same = (of[line] >= 0) & (of[line] == of[other])
    made: Floats = own + np.where(same, beside, 0.0)
    return made


def evidence_of(samples: pa.Table, matched: pa.Table, network: Network, config: Config) -> pa.Table:
    """Count the samples on lines; `matched` is in the order of the samples."""
    counted = pa.array(counting(matched, network, config))
    columns = {name: samples.column(name) for name in (*_TEXTS[1:], *_LEVELS)}
    columns |= {name: matched.column(name) for name in ("line_id", "segment", "direction")}
    joined = pa.table(columns).filter(counted)
    texts = {name: _numbered(joined.column(name)) for name in _TEXTS}
    for name, (number, _) in texts.items():
        joined = joined.set_column(joined.schema.get_field_index(name), name, number)
    made = count_bins(joined, ["line_id", "segment", "run_id", "campaign", "direction"])
    for name, (_, words) in texts.items():
        at = made.schema.get_field_index(name)
        made = made.set_column(at, name, words.take(made.column(name)))
    return in_order(conform(made, SEGMENT_EVIDENCE), SEGMENT_EVIDENCE)


_TEXTS = ("line_id", "run_id", "campaign", "operator", "source", "period")
"""Texts that are counted by their numbers: a third of the time."""
_LEVELS = ("technology", "service", "rsrp_dbm", "sinr_db")


def _numbered(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Give the number of each text, and the texts."""
    coded = column.combine_chunks().dictionary_encode()
    return coded.indices, coded.dictionary
