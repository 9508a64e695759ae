"""Villages and their key points as numbered units with positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from covermap.core.cells import cells_at
from covermap.core.villages.near import Near
from covermap.rules.villages import VillageRule

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Villages 0 to V - 1 in order of identity; after them the key points that count, by village.

    Both are units: what cells say of them is summed up alike.
    """

    village_id: pa.Array
    simulated: NDArray[np.bool_]
    lon: Floats
    """Middle of each unit; NaN: without coordinates."""
    lat: Floats
    polygons: NDArray[np.object_]
    """Of villages that are given as such."""
    of_polygon: Ints
    """Their numbers."""
    starts: Ints
    """Key points of village v: `starts[v]` to `starts[v + 1]`, counted from 0."""
    point_names: pa.Array

    @property
    def villages(self) -> int:
        """Count the villages."""
        return len(self.village_id)

    @property
    def units(self) -> int:
        """Count villages and key points."""
        return len(self.lon)


def read_places(villages: pa.Table, points: pa.Table, rule: VillageRule) -> Places:
    """Give numbers to villages, and those of their key points that the rule counts."""
    villages = villages.sort_by("village_id")
    shapes = _shapes(villages)
    flat = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)))
    lon, lat = _middles(shapes)
    points = _counted(points, rule).sort_by(
        [("village_id", "ascending"), ("key_point", "ascending")]
    )
    ids = villages["village_id"].combine_chunks()
    village = pc.index_in(points["village_id"], ids).to_numpy(zero_copy_only=False)
    point_lon, point_lat = _middles(_shapes(points))
    return Places(
        ids, villages["simulated"].to_numpy(), np.append(lon, point_lon),
        np.append(lat, point_lat), shapes[flat], flat,
        np.searchsorted(village, np.arange(len(ids) + 1)), points["key_point"].combine_chunks(),
    )  # fmt: skip


def _shapes(table: pa.Table) -> NDArray[np.object_]:
    wkb = table["geometry"].to_numpy(zero_copy_only=False)
    return np.asarray(shapely.from_wkb(wkb), object).reshape(len(wkb))


def _middles(shapes: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Give points as they are, and of polygons a point within them; NaN without a geometry."""
    middle = shapes.copy()
    flat = np.isin(shapely.get_type_id(shapes), (3, 6))
    middle[flat] = shapely.point_on_surface(shapes[flat])
    return shapely.get_x(middle), shapely.get_y(middle)


def _counted(points: pa.Table, rule: VillageRule) -> pa.Table:
    if not rule.key_points:
        return points
    wanted = pa.array([name.casefold() for name in rule.key_points], pa.string())
    named = [pc.is_in(pc.utf8_lower(points[c]), wanted) for c in ("key_point", "kind")]
    return points.filter(pc.or_(pc.fill_null(named[0], False), pc.fill_null(named[1], False)))


class Finder:
    """Says which cells lie in which unit."""

    def __init__(self, places: Places, rule: VillageRule, resolution: int) -> None:
        self._places = places
        known = np.isfinite(places.lon)
        disc = known.copy()
        disc[places.of_polygon] = False
        v = places.villages
        of_village, of_point = np.flatnonzero(disc[:v]), v + np.flatnonzero(disc[v:])
        self._near = [
            (units, Near(places.lon[units], places.lat[units], radius))
            for units, radius in ((of_village, rule.radius_m), (of_point, rule.key_point_m))
            if len(units)
        ]
        self._tree = shapely.STRtree(places.polygons)
        own = cells_at(places.lon, places.lat, resolution)
        self._order = np.argsort(own, kind="stable")
        self._own = own[self._order]

    def pairs(self, cells: Ints, lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
        """Pairs of a cell (by its position among `cells`, ascending) and a unit, sorted.

        A cell lies in a village's polygon, or within the rule's distance of its point or of a key
        point, by its middle; and the cell that holds the point lies in it always.
        """
        left, right = [_NONE], [_NONE]
        for units, near in self._near:
            at, place = near.pairs(lon, lat)
            left.append(at)
            right.append(units[place])
        if len(self._places.polygons):
            at, place = self._tree.query(shapely.points(lon, lat), predicate="intersects")
            left.append(at.astype(np.int64))
            right.append(self._places.of_polygon[place])
        first, end = (np.searchsorted(self._own, cells, side) for side in ("left", "right"))
        held = np.flatnonzero(end > first)
        sizes = (end - first)[held]
        left.append(np.repeat(held, sizes))
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        right.append(self._order[np.repeat(first[held], sizes) + within])
        key = np.unique(np.concatenate(left) * self._places.units + np.concatenate(right))
        return key // self._places.units, key % self._places.units


_NONE = np.zeros(0, np.int64)
