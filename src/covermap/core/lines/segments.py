"""Cut lines into segments of equal length by chainage; the last one is shorter.

Cuts lie on the geodesic between vertices, so the pieces add up to the line to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.geodesy import Floats, Ints, chainages_m, inverse, points_at

SHORTEST_M = 1e-3
"""A remainder shorter than this joins the segment before it."""
ON_VERTEX_M = 1e-6
"""A cut nearer than this to a vertex is that vertex."""


@dataclass(frozen=True)
class Cut:
    """Segments of many lines, one after the other; arrays of one length.

    `from_m` and `to_m` are chainages; `length_m` is their difference.
    """

    line: Ints
    segment: Ints
    from_m: Floats
    to_m: Floats
    geometry: NDArray[np.object_]

    @property
    def length_m(self) -> Floats:
        """Geodesic length of each segment, m."""
        return self.to_m - self.from_m


def cut_lines(geometry: NDArray[np.object_], segment_m: Floats) -> Cut:
    """Cut each LineString every `segment_m` metres of geodesic chainage.

    Parameters
    ----------
    geometry
        LineStrings, WGS-84 degrees, shape (n,). No zero-length line, no repeated vertices.
    segment_m
        Length of a segment for each line, m, shape (n,).

    Returns
    -------
    Cut
        At least one segment a line; each line's segments add up to its length.
    """
    if len(geometry) == 0:
        none = np.zeros(0, np.int64)
        return Cut(none, none, np.zeros(0), np.zeros(0), np.zeros(0, object))
    course = course_vertices(geometry)
    total = course.length_m
    pieces = np.maximum(1, np.ceil((total - SHORTEST_M) / segment_m)).astype(np.int64)
    owner = np.repeat(np.arange(len(geometry)), pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    from_m = number * segment_m[owner]
    to_m = np.where(number + 1 == pieces[owner], total[owner], (number + 1) * segment_m[owner])
    return Cut(owner, number, from_m, to_m, _pieces(course, owner, from_m, to_m))


@dataclass(frozen=True)
class CourseVertices:
    """Vertices of many lines, one line after the other, with their chainages."""

    lon: Floats
    lat: Floats
    chainage: Floats
    line: Ints
    first: Ints
    """For each line, its first vertex; `last`, its last one."""
    last: Ints

    @property
    def length_m(self) -> Floats:
        """Geodesic length of each line, m."""
        return self.chainage[self.last]


def course_vertices(geometry: NDArray[np.object_]) -> CourseVertices:
    """Take LineStrings (at least one) apart into vertices with chainages."""
    coordinates, line = shapely.get_coordinates(geometry, return_index=True)
    lon, lat = coordinates[:, 0], coordinates[:, 1]
    first = np.searchsorted(line, np.arange(len(geometry)))
    last = np.r_[first[1:], len(line)] - 1
    return CourseVertices(lon, lat, chainages_m(lon, lat, line), line, first, last)


def _pieces(
    course: CourseVertices, owner: Ints, from_m: Floats, to_m: Floats
) -> NDArray[np.object_]:
    """LineStrings of the segments: start, the vertices strictly inside, end."""
    start_lon, start_lat = positions_at(course, owner, from_m)
    end_lon, end_lat = positions_at(course, owner, to_m)
    # Which segment is each vertex strictly inside of? Chainages of all lines on one axis.
    base = np.cumsum(course.chainage[course.last] + 1.0) - course.chainage[course.last]
    starts = from_m + base[owner]
    vertex = course.chainage + base[course.line]
    inside = np.searchsorted(starts, vertex, side="right") - 1
    keep = (vertex - starts[inside] > ON_VERTEX_M) & (to_m[inside] - course.chainage > ON_VERTEX_M)
    index = np.arange(len(owner))
    segment = np.r_[index, inside[keep], index]
    kind = np.r_[np.zeros(len(owner)), np.ones(keep.sum()), np.full(len(owner), 2.0)]
    place = np.r_[from_m, course.chainage[keep], to_m]
    order = np.lexsort((place, kind, segment))
    lon = np.r_[start_lon, course.lon[keep], end_lon][order]
    lat = np.r_[start_lat, course.lat[keep], end_lat][order]
    made: NDArray[np.object_] = shapely.linestrings(lon, lat, indices=segment[order])
    return made


def positions_at(course: CourseVertices, owner: Ints, chainage_m: Floats) -> tuple[Floats, Floats]:
    """Longitude and latitude of chainages on lines, on the geodesic between vertices."""
    base = np.cumsum(course.chainage[course.last] + 1.0) - course.chainage[course.last]
    vertex = course.chainage + base[course.line]
    edge = np.searchsorted(vertex, chainage_m + base[owner], side="right") - 1
    edge = np.clip(edge, course.first[owner], course.last[owner] - 1)
    into = chainage_m - course.chainage[edge]
    azimuth, length = inverse(
        course.lon[edge], course.lat[edge], course.lon[edge + 1], course.lat[edge + 1]
    )
    lon, lat = points_at(course.lon[edge], course.lat[edge], azimuth, into)
    at_start, at_end = into <= ON_VERTEX_M, into >= length - ON_VERTEX_M
    lon = np.where(at_start, course.lon[edge], np.where(at_end, course.lon[edge + 1], lon))
    lat = np.where(at_start, course.lat[edge], np.where(at_end, course.lat[edge + 1], lat))
    return lon, lat
