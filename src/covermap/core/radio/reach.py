"""The kernel of `server`: over the masts near each place, one carrier at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.radio.pathloss import mean_loss
from covermap.core.radio.pattern import relative_gain
from covermap.core.radio.terrain import loss_over

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def _path(u, v, ground, mast, bend, scenario, far, heights, terms):  # type: ignore[no-untyped-def]
    """Loss, the part of it that is the terrain's, and the angle below the mast's horizon.

    Loss is NaN where even the loudest cell of the mast stays under the floor over flat ground.
    """
    _, step, most, terminal, street, building, _, floor, earth, light = terms
    path = mean_loss(scenario, far, mast[5], terminal, mast[7], street, building)
    if mast[13] - path < floor:
        return np.nan, np.nan, 0.0
    top, low, edge = mast[5], terminal, np.nan
    if ground == ground and mast[4] == mast[4]:
        top, low, edge = top + mast[4], low + ground, 0.0
        steps = int(min(math.ceil(far / step), most))
        if steps > 1:
            edge = loss_over(
                heights, mast[2], mast[3], u, v, bend, far, top, low, light / (mast[7] * 1e9),
                earth, steps,
            )  # fmt: skip
            path += edge
    return path, edge, math.degrees(math.atan2(top - low, max(far, 10.0)))


@njit(cache=True, nogil=True)
def serve(
    places: Any,
    table: Floats,
    bend: Floats,
    scenario: Ints,
    mast: Ints,
    order: Ints,
    bins: Floats,
    starts: Ints,
    heights: Any,
    terms: Any,
    rows: Floats,
    cell: Ints,
) -> None:
    """Fill rows (level, SINR, second level, distance, terrain) where this carrier is stronger."""
    radius, noise = terms[0], terms[6]
    per_lat = metres_per_degree_lat(places.lat)
    per_lon = metres_per_degree_lon(places.lat)
    columns, high = int(bins[4]), int(bins[5])
    for i in range(places.lon.size):
        column = math.floor((places.lon[i] - bins[0]) / bins[2])
        row = math.floor((places.lat[i] - bins[1]) / bins[3])
        best, second, total = -np.inf, -np.inf, 0.0
        best_k, best_power, best_far, best_edge = -1, 0.0, 0.0, 0.0
        for r in range(max(row - 1, 0), min(row + 2, high)):
            first, last = max(column - 1, 0), min(column + 2, columns)
            if first >= last:
                continue
            before, audible, far, bearing, down, path, edge = -1, False, 0.0, 0.0, 0.0, 0.0, 0.0
            for k in range(starts[r * columns + first], starts[r * columns + last]):
                if mast[k] != before:
                    before = mast[k]
                    east = (places.lon[i] - table[k, 0]) * 0.5 * (per_lon[i] + table[k, 14])
                    north = (places.lat[i] - table[k, 1]) * per_lat[i]
                    far = math.sqrt(east * east + north * north)
                    audible = far <= radius
                    if audible:
                        bearing = math.degrees(math.atan2(east, north))
                        path, edge, down = _path(
                            places.u[i], places.v[i], places.ground_m[i], table[k], bend[k],
                            scenario[k], far, heights, terms,
                        )  # fmt: skip
                        audible = path == path
                if not audible:
                    continue
                level = (
                    table[k, 6]
                    - path
                    + relative_gain(
                        bearing - table[k, 8], down, table[k, 9], table[k, 10], table[k, 11]
                    )
                )
                power = 10 ** (level / 10) * table[k, 12]
                total += power
                if level > best:
                    best, second = level, best
                    best_k, best_power, best_far, best_edge = k, power, far, edge
                elif level > second:
                    second = level
        if best_k >= 0 and not best <= rows[i, 0]:
            rows[i, 0] = best
            rows[i, 1] = best - 10 * math.log10(max(total - best_power, 0.0) + noise)
            rows[i, 2] = second if second > -np.inf else np.nan
            rows[i, 3], rows[i, 4] = best_far, best_edge
            cell[i] = order[best_k]
