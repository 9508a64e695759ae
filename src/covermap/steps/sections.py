"""Sections: lines cut from station to station, and by county."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from covermap.core.lines.chainage import chainage_text
from covermap.core.lines.sections import (
    Objects,
    Pieces,
    between_stations,
    by_region,
    lengths_between,
)
from covermap.tables import SECTIONS, conform, empty, in_order

COUNTY = "county"
"""Level of the regions that lines are cut by."""
ID_DIGITS = 12


def make_sections(
    lines: pa.Table, segments: pa.Table, stations: pa.Table, regions: pa.Table
) -> pa.Table:
    """Cut lines from station to station and, where counties are known, by county.

    Each kind covers every line without gap or overlap: before the first and after the last
    station, and outside every county, there are sections too. A closed line begins and ends at its
    chainage 0, so the way over that point is two sections.

    Parameters
    ----------
    lines, segments, stations, regions
        Tables of those names, in the order of their keys.
    """
    if lines.num_rows == 0:
        return empty(SECTIONS)
    length = lines.column("length_m").to_numpy()
    name = lines.column("line_id").to_numpy(zero_copy_only=False)
    parts = [_by_stations(name, length, stations)]
    counties = regions.filter(pa.compute.equal(regions["level"], COUNTY))
    if counties.num_rows:
        parts.append(_by_counties(name, segments, counties))
    made = pd.concat(parts, ignore_index=True)
    row = pd.Index(name)
    seg_line = row.get_indexer(segments.column("line_id").to_pandas())
    from_m, to_m, route_m = (
        segments.column(c).to_numpy() for c in ("from_m", "to_m", "route_length_m")
    )
    at = made["line"].to_numpy(np.int64), made["from_m"].to_numpy(), made["to_m"].to_numpy()
    made["length_m"] = made["to_m"] - made["from_m"]
    made["route_length_m"] = lengths_between(*at, seg_line, from_m, to_m, route_m)
    made["section_id"] = _identities(made)
    table = pa.Table.from_pandas(made.drop(columns=["line", "key"]), preserve_index=False)
    return in_order(conform(table, SECTIONS), SECTIONS)


def _by_stations(line_id: Objects, length: np.ndarray, stations: pa.Table) -> pd.DataFrame:
    known = stations.to_pandas()
    line = pd.Index(line_id).get_indexer(known["line_id"])
    stops = known["name"].to_numpy(object)
    pieces = between_stations(length, line, known["chainage_m"].to_numpy(float), stops)
    ends = [
        [stops[k] if k >= 0 else chainage_text(m) for k, m in zip(rows, place, strict=True)]
        for rows, place in ((pieces.start, pieces.from_m), (pieces.end, pieces.to_m))
    ]
    # The identity does not name the line's ends by chainage: they move when the line is edited.
    keys = [
        "|".join(stops[k] if k >= 0 else "" for k in pair)
        for pair in zip(pieces.start, pieces.end, strict=True)
    ]
    names = [f"{a} – {b}" for a, b in zip(*ends, strict=True)]
    return _frame(line_id, pieces, "station", names, np.full(len(names), None, object), keys)


def _by_counties(line_id: Objects, segments: pa.Table, counties: pa.Table) -> pd.DataFrame:
    geometry = shapely.from_wkb(counties.column("geometry").to_numpy(zero_copy_only=False))
    known = counties.select(["region_id", "name"]).to_pandas()
    pieces = by_region(
        shapely.from_wkb(segments.column("geometry").to_numpy(zero_copy_only=False)),
        pd.Index(line_id).get_indexer(segments.column("line_id").to_pandas()),
        segments.column("from_m").to_numpy(),
        segments.column("to_m").to_numpy(),
        geometry,
    )
    region = np.r_[known["region_id"].to_numpy(object), [None]][pieces.start]
    title = known["name"].fillna(known["region_id"]).to_numpy(object)
    names = np.r_[title, ["-"]][pieces.start]
    keys = ["" if r is None else str(r) for r in region]
    return _frame(line_id, pieces, COUNTY, list(names), region, keys)


def _frame(
    line_id: Objects, pieces: Pieces, kind: str, names: list[str], region: Objects, keys: list[str]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "line": pieces.line,
            "line_id": line_id[pieces.line],
            "kind": kind,
            "name": names,
            "region_id": region,
            "from_m": pieces.from_m,
            "to_m": pieces.to_m,
            "key": keys,
        }
    )


def _identities(made: pd.DataFrame) -> list[str]:
    """Identity of each section: its line, kind, and what it is called, counted along the line."""
    text = made["line_id"] + "|" + made["kind"] + "|" + made["key"]
    nth = text.groupby(text, sort=False).cumcount()
    whole = text + "|" + nth.astype(str)
    return [hashlib.sha256(t.encode()).hexdigest()[:ID_DIGITS] for t in whole]
