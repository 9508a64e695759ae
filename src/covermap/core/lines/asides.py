"""Tracks that are no part of a route: told by what they are called, and by their shape.

Railways class their tracks: running lines, station tracks, depot tracks, spurs to works, and lines
that connect two running lines (Regulations on Railway Technical Operation, China: 正线, 站线,
段管线, 岔线; 联络线, 疏解线 by TB 10098). Only running lines make route length. Where a track is
not marked so by an attribute, its name often says it; where lines have names, a short nameless
track that hangs on another line at one end or both is a siding, a spur or a crossover.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.geodesy import Floats

Objects = NDArray[np.object_]

RAILWAYS = ("hsr", "rail", "metro", "tram")
SIDE_NAMES = {
    "connecting": re.compile("联络|疏解|立折|折返"),
    "access": re.compile(
        "动车.*[线段所]|动走|走行线|出入[段场库]|车辆段|专用线|专用铁路|货场|机务段"
    ),
}
"""Connecting and flying-junction lines and turn-backs; depots, their access, sidings of works."""
SHORT_M = 3000.0
"""A station with its throats: the longest arrival tracks of freight trains are 1,700 m."""
TOUCH_M = 30.0
"""An end nearer than this to another line hangs on it."""
NAMED_SHARE = 0.5
"""Namelessness says something only where this share of the length has a name."""


def side_kinds_by_name(line_class: Objects, name: Objects) -> Objects:
    """Tell which kind of side track (LINK_KINDS) ways of railways are called; None: no such name.

    Examples
    --------
    >>> names = np.array(["济沪联络线", "京沪高铁", None], object)
    >>> side_kinds_by_name(np.array(["hsr"] * 3, object), names).tolist()
    ['connecting', None, None]
    """
    railway = np.isin(line_class.astype(str), RAILWAYS)
    made = np.full(len(name), None, object)
    for i in np.flatnonzero(railway & pd.notna(name)):
        found = (kind for kind, names in SIDE_NAMES.items() if names.search(str(name[i])))
        made[i] = next(found, None)
    return made


def side_tracks_by_shape(
    geometry: Objects, length_m: Floats, line_class: Objects, unnamed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which courses of railways are short, nameless, and hang on another course.

    Parameters
    ----------
    geometry, length_m, line_class, unnamed
        LineStrings (WGS-84 degrees) of whole courses, length, class, and whether they have
        neither number nor name, shape (n,).
    """
    railway = np.isin(line_class.astype(str), RAILWAYS)
    made = np.zeros(len(geometry), np.bool_)
    if length_m[railway & ~unnamed].sum() < NAMED_SHARE * length_m[railway].sum():
        return made
    short = railway & unnamed & (length_m < SHORT_M)
    if not short.any():
        return made
    made[short] = _hangs(geometry[short], geometry[railway & ~short])
    return made


def _hangs(short: Objects, others: Objects) -> NDArray[np.bool_]:
    """Tell which LineStrings have an end on another one, or on each other's cluster."""
    ends = np.r_[shapely.get_point(short, 0), shapely.get_point(short, -1)]
    lat = shapely.get_y(ends)
    # A degree east is the shorter one: the reach in degrees is right eastwards, generous north.
    reach = TOUCH_M / (111_320.0 * np.cos(np.radians(np.abs(lat))))
    tree = shapely.STRtree(others)
    on = np.zeros(len(ends), np.bool_)
    on[np.unique(tree.query(ends, predicate="dwithin", distance=reach)[0])] = True
    touches: NDArray[np.bool_] = on[: len(short)] | on[len(short) :]
    return _through(touches, shapely.get_coordinates(ends), float(reach.max(initial=0.0)))


def _through(touches: NDArray[np.bool_], ends: Floats, reach: float) -> NDArray[np.bool_]:
    """Spread from the tracks that touch a line to those that touch them, end to end."""
    n = len(touches)
    pairs = cKDTree(ends).query_pairs(reach, output_type="ndarray") % n
    made = touches.copy()
    while True:
        before = made.sum()
        for a, b in (pairs.T, pairs.T[::-1]):
            made[b[made[a]]] = True
        if made.sum() == before:
            return made
