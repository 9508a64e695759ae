"""Who serves where: the strongest cell at places, and what the others leave of it.

Level: RSRP = power per resource element - path loss (TR 38.901, mean of both states of sight) -
diffraction over the terrain (P.526) + pattern of the antenna. The strongest cell serves. SINR is
limited by interference: the other cells of the same carrier within reach, each with its load, and
thermal noise. Cells farther than the radius are not there; cells that could not reach `floor_dbm`
over flat ground are left out, too (at the default their sum is far below the noise).

Nothing is held but one row a place: for every place the cells near it come from bins as wide as the
radius, mast by mast, and a mast's path is worked out once for all its sectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.radio.diffraction import EARTH_M, K_MEDIAN, LIGHT_M_S
from covermap.core.radio.pathloss import BUILDING_M, STREET_M, TERMINAL_M
from covermap.core.radio.reach import serve

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOISE_DBM = -125.2
"""Thermal noise in one resource element of 15 kHz with a noise figure of 7 dB: -174 + 41.8 + 7."""


class Places(NamedTuple):
    """Where levels are asked for; arrays of one length."""

    lon: Floats
    lat: Floats
    u: Floats
    """Column in the grid of heights."""
    v: Floats
    """Row."""
    ground_m: Floats
    """Height of the ground; NaN: not known, paths there are taken as flat."""


class Radios(NamedTuple):
    """Cells of one operator and technology; arrays of one length."""

    lon: Floats
    lat: Floats
    u: Floats
    v: Floats
    ground_m: Floats
    """Height of the ground at the mast; NaN: not known, its paths are taken as flat."""
    bend: Floats
    """Shape (n, 6): how great circles bend on the map there (`terrain.bends`)."""
    mast_m: Floats
    """Height of the antenna above ground."""
    element_dbm: Floats
    """Power per resource element in the direction of the antenna's maximum, gain included."""
    ghz: Floats
    azimuth_deg: Floats
    """NaN: the same all round."""
    tilt_deg: Floats
    wide_deg: Floats
    """Horizontal beamwidth at -3 dB."""
    high_deg: Floats
    """Vertical beamwidth at -3 dB."""
    scenario: Ints
    """Place in `pathloss.SCENARIOS`."""
    load: Floats
    """Share of its resources that a cell sends on, 0-1."""
    carrier: Ints
    """Cells of one number disturb each other."""


@dataclass(frozen=True)
class Terms:
    """What a calculation is made under."""

    radius_m: float
    step_m: float
    """Between points of a profile; about a pixel of the grid."""
    most_steps: int = 400
    terminal_m: float = TERMINAL_M
    street_m: float = STREET_M
    building_m: float = BUILDING_M
    noise_dbm: float = NOISE_DBM
    floor_dbm: float = -150.0
    earth_m: float = K_MEDIAN * EARTH_M


@dataclass(frozen=True)
class Served:
    """What is received; arrays as long as the places."""

    rsrp_dbm: Floats
    """Of the strongest cell; NaN: none within the radius."""
    sinr_db: Floats
    cell: Ints
    """The strongest cell's place in the radios; -1: none."""
    second_dbm: Floats
    """Strongest other cell of the same carrier; NaN: none."""
    distance_m: Floats
    """Horizontal, to the strongest cell."""
    terrain_db: Floats
    """Diffraction on the path from it; NaN: the path was taken as flat."""


def best_servers(places: Places, radios: Radios, heights: NDArray[Any], terms: Terms) -> Served:
    """Find the strongest cell at each place, with level, SINR and what stands in the way.

    The serving carrier is that of the strongest cell, and interference is counted on it alone.
    Of equally strong cells the first by (carrier, mast, power, azimuth, tilt, load, row) serves.

    Parameters
    ----------
    places, radios
        Columns and rows are in the pixels of `heights`; what lies outside has NaN for its ground.
    heights : array, shape (rows, columns)
        The terrain, without voids, m; of any type of numbers.
    """
    count = len(places.lon)
    rows = np.full((count, 5), np.nan)
    cell = np.full(count, -1, np.int64)
    for carrier in np.unique(radios.carrier):
        mine = np.flatnonzero(radios.carrier == carrier)
        _serve(places, mine, radios, heights, terms, rows, cell)
    return Served(rows[:, 0], rows[:, 1], cell, rows[:, 2], rows[:, 3], rows[:, 4])


def _serve(
    places: Places,
    mine: Ints,
    radios: Radios,
    heights: NDArray[Any],
    terms: Terms,
    rows: Floats,
    cell: Ints,
) -> None:
    """Put the cells of one carrier beside what was found so far."""
    order, mast, bins, starts = _by_bins(mine, radios, terms.radius_m)
    loudest = np.full(int(mast.max()) + 1, -np.inf)
    np.maximum.at(loudest, mast, radios.element_dbm[order])
    table = np.column_stack(
        [
            radios.lon[order], radios.lat[order], radios.u[order], radios.v[order],
            radios.ground_m[order], radios.mast_m[order], radios.element_dbm[order],
            radios.ghz[order], radios.azimuth_deg[order], radios.tilt_deg[order],
            radios.wide_deg[order], radios.high_deg[order], radios.load[order],
            loudest[mast], metres_per_degree_lon(radios.lat[order]),
        ]
    )  # fmt: skip
    serve(
        places, table, radios.bend[order], radios.scenario[order], mast, order, bins, starts,
        heights, (
            terms.radius_m, terms.step_m, float(terms.most_steps), terms.terminal_m,
            terms.street_m, terms.building_m, 10 ** (terms.noise_dbm / 10), terms.floor_dbm,
            terms.earth_m, LIGHT_M_S,
        ), rows, cell,
    )  # fmt: skip


def _by_bins(mine: Ints, radios: Radios, radius_m: float) -> tuple[Ints, Ints, Floats, Ints]:
    """Order cells by bins, and within them by mast.

    Give the order, the number of each row's mast, what a bin is (first longitude and latitude,
    widths, columns, rows), and where each bin starts in the order. Bins are at least as wide as the
    radius, so that all that is within it lies in a bin or its eight neighbours.
    """
    lon, lat = radios.lon[mine], radios.lat[mine]
    top = min(float(np.abs(lat).max()) + radius_m / 100_000, 89.0)
    wide = radius_m / float(metres_per_degree_lon(top))
    high = radius_m / float(metres_per_degree_lat(0.0))
    column = np.floor((lon - lon.min()) / wide).astype(np.int64)
    row = np.floor((lat - lat.min()) / high).astype(np.int64)
    columns, rows = int(column.max()) + 1, int(row.max()) + 1
    number = row * columns + column
    own = (radios.load, radios.tilt_deg, radios.azimuth_deg, radios.element_dbm)
    shared = (radios.ghz[mine], radios.scenario[mine], radios.mast_m[mine], lat, lon, number)
    by = np.lexsort((mine, *(field[mine] for field in own), *shared))
    order = mine[by]
    same = np.ones(len(by), bool)
    for key in shared:
        same[1:] &= key[by][1:] == key[by][:-1]
    same[0] = False
    starts = np.searchsorted(number[by], np.arange(columns * rows + 1))
    bins = np.array([lon.min(), lat.min(), wide, high, columns, rows], float)
    return order, np.cumsum(~same) - 1, bins, starts
