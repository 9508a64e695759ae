"""What is doubtful in a site table as a whole, and what each finding means.

A row that cannot be used is out, a value that cannot be is blanked; what is merely unlikely stays
and is named, for someone who can look.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import lengths_m

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]

BORDER_M = 1_000.0
"""A site this far outside of every region may still be a matter of how the border is drawn."""
HIGH_M = 150.0
"""Antennas above this stand on few masts: more often the height is above the sea, or in feet."""
CROWD = 20
"""So many sites at exactly one position are more likely a placeholder than a roof."""
NORTH_SHARE, NORTH_ROWS = 0.5, 20
"""Of so many azimuths half do not look north by chance."""


class Rule(NamedTuple):
    """How bad a finding is, the rule behind it, and what to do."""

    level: Literal["error", "warning", "note"]
    rule: str
    do: str


RULES: dict[str, Rule] = {
    "malformed_row": Rule("error", "as many fields as the header has", "correct the row"),
    "no_position": Rule("error", "a cell has a longitude and a latitude", "add them"),
    "position_zero": Rule(
        "error", "no mast stands at (0, 0)", "find where the cell stands; 0 is no placeholder"
    ),
    "position_out_of_range": Rule(
        "error", "longitude -180 to 180, latitude -90 to 90", "correct the digits, or the datum"
    ),
    "position_swapped": Rule(
        "error", "longitude first, then latitude", "exchange x and y in columns"
    ),
    "unknown_technology": Rule(
        "error", "gsm, umts, lte, nr, nbiot, redcap, or a usual name", "see how it is written"
    ),
    "duplicate": Rule("error", "a cell has one row", "leave the second one out"),
    "cell_described_twice": Rule(
        "warning", "a cell has one row", "keep the right one of the two; both are read"
    ),
    "site_in_two_places": Rule(
        "warning", "cells of a site lie within 1 km of its middle",
        "correct a digit, or the site's identity; remote heads may lie farther",
    ),
    "outside_regions": Rule(
        "warning", f"a site lies in a declared region, or within {BORDER_M / 1000:g} km of one",
        "in the sea or abroad: correct a digit, or declare the region that is missing",
    ),
    "many_sites_in_one_place": Rule(
        "warning", f"fewer than {CROWD} sites of an operator stand at exactly one position",
        "see whether the position is a placeholder",
    ),
    "high_antenna": Rule(
        "warning", f"antennas hang below {HIGH_M:g} m", "see whether the height is in metres and "
        "above the ground, not the sea",
    ),
    "azimuth_mostly_0": Rule(
        "warning", "antennas do not look north more often than elsewhere",
        "see whether 0 stands for not known; leave those empty",
    ),
    "azimuth_360": Rule("note", "azimuths are 0 to 359", "nothing: 360 is read as 0"),
    "mixed_power_units": Rule(
        "note", "one unit in a file", "nothing: each is read in the unit behind it"
    ),
    "tx_power_in_watts": Rule(
        "warning", "a power in dBm is 60 at most", "see whether they are W; write the unit behind"
    ),
    "eirp_in_watts": Rule(
        "warning", "an EIRP in dBm is 90 at most", "see whether they are W; write the unit behind"
    ),
    "unit_zero": Rule("note", "0 stands for not known", "nothing: it is blanked"),
    "unknown_operator": Rule(
        "warning", "an operator is a PLMN or a name", "declare it in operators = { ... }"
    ),
}  # fmt: skip
"""Finding of a site table -> what it means. `impossible_*` and `not_*` are in :func:`rule_of`."""


def rule_of(finding: str) -> Rule:
    """Give what a finding means; one that is not listed is a value that could not be read.

    Examples
    --------
    >>> rule_of("impossible_height_m").level, rule_of("position_zero").rule
    ('warning', 'no mast stands at (0, 0)')
    """
    if finding in RULES:
        return RULES[finding]
    if finding.startswith("impossible_"):
        name = finding.removeprefix("impossible_")
        return Rule("warning", f"{name} within what there is", "correct it; the value is blanked")
    if finding.startswith("not_"):
        return Rule("warning", "a value of the column's kind", "correct it; the value is blanked")
    return Rule("note", "as other tables are written", "see whether names are read right")


def outside(lon: Floats, lat: Floats, regions: Texts) -> Flags:
    """Say which positions lie outside of every region, by more than `BORDER_M`.

    Parameters
    ----------
    lon, lat
        Degrees WGS-84; where NaN, not outside.
    regions
        Polygons (shapely), WGS-84; without any, nothing is outside.
    """
    known = np.isfinite(lon) & np.isfinite(lat)
    if not len(regions) or not known.any():
        return np.zeros(len(lon), bool)
    points = np.asarray(shapely.points(lon[known], lat[known]), object)
    tree = shapely.STRtree(regions)
    within = np.zeros(known.sum(), bool)
    within[tree.query(points, predicate="intersects")[0]] = True
    away = np.flatnonzero(~within)
    nearest = tree.nearest(points[away]) if away.size else away
    edge = shapely.get_point(shapely.shortest_line(points[away], regions[nearest]), 1)
    apart = lengths_m(lon[known][away], lat[known][away], shapely.get_x(edge), shapely.get_y(edge))
    out = np.zeros(len(lon), bool)
    out[np.flatnonzero(known)[away[apart > BORDER_M]]] = True
    return out


def crowded(lon: Floats, lat: Floats, operator: Texts, site: Texts) -> Flags:
    """Say which cells stand where `CROWD` or more sites of their operator stand, to the digit."""
    frame = pd.DataFrame({"lon": lon, "lat": lat, "operator": operator, "site": site})
    sites = frame.groupby(["lon", "lat", "operator"], dropna=False)["site"].transform("nunique")
    return np.asarray(sites >= CROWD, bool)


def mostly_north(azimuth_deg: Floats) -> Flags:
    """Say which azimuths of one file are 0, where 0 is too common to be one."""
    north = azimuth_deg == 0
    known = int(np.isfinite(azimuth_deg).sum())
    if known < NORTH_ROWS or north.sum() < NORTH_SHARE * known:
        return np.zeros(len(azimuth_deg), bool)
    return north
