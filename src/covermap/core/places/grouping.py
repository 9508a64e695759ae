"""Scenes, grades and regions of places: as a pack names them, and as maps show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from covermap.core.places.naming import plain

Ints = NDArray[np.int64]
Titles = Mapping[str, tuple[str, ...]]
"""What is named -> the other names that it goes by."""


def called(written: Sequence[str | None], titles: Titles) -> list[str | None]:
    """Give what each is called by its key; itself where it is none of them; same length.

    Examples
    --------
    >>> called(["政务中心", "HOSPITAL", "zoo", None],
    ...        {"government": ("政务中心",), "hospital": ("医疗机构",)})
    ['government', 'hospital', 'zoo', None]
    """
    keys = {plain(name): key for key, names in titles.items() for name in (key, *names)}
    return [None if one is None else keys.get(plain(one), one) for one in written]


def within_regions(points: NDArray[np.object_], regions: NDArray[np.object_]) -> tuple[Ints, Ints]:
    """Find the regions that each point lies in: pairs of point and region, by point.

    Points on a border lie in both. Degrees; of another length than the points.

    Examples
    --------
    >>> square = shapely.box(0, 0, 1, 1)
    >>> at = within_regions(shapely.points([[0.5, 0.5], [3, 3]]), np.array([square]))
    >>> [x.tolist() for x in at]
    [[0], [0]]
    """
    if not len(points) or not len(regions):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    found = shapely.STRtree(regions).query(points, predicate="intersects")
    order = np.lexsort((found[1], found[0]))
    return found[0][order].astype(np.int64), found[1][order].astype(np.int64)
