"""Where one drawing goes out on one carriageway and back on the other: it is cut there.

Maps for small scales merge the carriageways of a road into one LineString with a turn at its end
(and often at every tile's edge). As one line it would count its road twice.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, short_azimuths_deg, short_lengths_m, turn_deg
from covermap.core.lines.segments import CourseVertices, course_vertices, positions_at

SHARP_DEG = 40.0
"""A vertex that turns less is not the tip of a turn: three of them would be a bend."""
BACK_DEG = 110.0
REACH_M = 200.0
FAR_M = 1000.0
APART_M = 200.0
"""A drawing that turns by more than `BACK_DEG`, seen `REACH_M` away, and whose legs are still
`APART_M` apart after `FAR_M`, is two carriageways."""


def turns_back(course: CourseVertices, vertex: Ints) -> NDArray[np.bool_]:
    """Tell at which vertices a course turns round and runs back beside itself."""
    owner, place = course.line[vertex], course.chainage[vertex]
    room = np.minimum(place, course.length_m[owner] - place)
    legs: list[tuple[Floats, Floats]] = []
    for reach in (np.minimum(REACH_M, room), np.minimum(FAR_M, room)):
        legs.append(positions_at(course, owner, place - reach))
        legs.append(positions_at(course, owner, place + reach))
    here = course.lon[vertex], course.lat[vertex]
    turn = turn_deg(short_azimuths_deg(*legs[0], *here), short_azimuths_deg(*here, *legs[1]))
    apart = short_lengths_m(*legs[2], *legs[3])
    made: NDArray[np.bool_] = (turn > BACK_DEG) & (apart < APART_M)
    return made


def cut_where_they_turn_back(ways: NDArray[np.object_]) -> tuple[NDArray[np.object_], Ints]:
    """Cut LineStrings at the tips of their turns; of another length than the ways.

    Returns
    -------
    The pieces, those of one way in a row and in its direction, and the way of each.
    """
    if len(ways) == 0:
        return ways, np.zeros(0, np.int64)
    course = course_vertices(ways)
    tip = _one_a_turn(course, _sharp(course))
    tip = tip[turns_back(course, tip)]
    # A cut vertex ends one piece and begins the next.
    index = np.sort(np.r_[np.arange(len(course.line)), tip])
    begins = np.r_[True, (np.diff(course.line[index]) != 0) | (np.diff(index) == 0)]
    piece = np.cumsum(begins) - 1
    made: NDArray[np.object_] = shapely.linestrings(
        np.c_[course.lon, course.lat][index], indices=piece
    )
    return made, course.line[index][begins]


def _sharp(course: CourseVertices) -> tuple[Ints, Floats]:
    """Inner vertices with a sharp turn, and how much they turn, degrees."""
    lon, lat = course.lon, course.lat
    azimuth = short_azimuths_deg(lon[:-1], lat[:-1], lon[1:], lat[1:])
    turn = turn_deg(azimuth[:-1], azimuth[1:])
    inner = (course.line[:-2] == course.line[1:-1]) & (course.line[2:] == course.line[1:-1])
    vertex = 1 + np.flatnonzero(inner & (turn > SHARP_DEG))
    return vertex.astype(np.int64), turn[vertex - 1]


def _one_a_turn(course: CourseVertices, sharp: tuple[Ints, Floats]) -> Ints:
    """Of sharp vertices within `REACH_M` of the one before, the sharpest; ties to the first."""
    vertex, turn = sharp
    if len(vertex) == 0:
        return vertex
    line, place = course.line[vertex], course.chainage[vertex]
    begins = np.r_[True, (np.diff(line) != 0) | (np.diff(place) > REACH_M)]
    cluster = np.cumsum(begins) - 1
    order = np.lexsort((vertex, -np.round(turn, 6), cluster))
    first = np.unique(cluster[order], return_index=True)[1]
    made: Ints = vertex[order][first]
    return made
