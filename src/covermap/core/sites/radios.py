"""From modelled cells to what `radio.server` reckons with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.geodesy import metres_per_degree_lat, metres_per_degree_lon
from covermap.core.radio.pathloss import RMA, UMA, UMI
from covermap.core.radio.server import Radios
from covermap.core.radio.terrain import bends, heights_at
from covermap.core.sites.model import Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ToPixels = Callable[[Floats, Floats], tuple[Floats, Floats]]

TOWN_SPACING_M = 930.0
"""Between the spacings of UMa (500 m) and RMa (1732 m) that TR 38.901 tables 7.2-1 and 7.2-3 give:
their geometric mean."""
_SAME_SITE_M = 50.0


def scenarios(lon: Floats, lat: Floats, model: Model) -> Ints:
    """Scenario of each cell, a place in `pathloss.SCENARIOS`.

    Macro cells are UMa where another site, of whichever operator, stands within
    :data:`TOWN_SPACING_M`, else RMa; all smaller cells are UMi. Cells within 50 m are one site.
    """
    middle = float(np.median(lat)) if lat.size else 0.0
    plane = np.column_stack(
        [lon * metres_per_degree_lon(middle), lat * metres_per_degree_lat(middle)]
    )
    places = np.unique(np.round(plane / _SAME_SITE_M), axis=0) * _SAME_SITE_M
    tree = cKDTree(places)
    near = tree.query_ball_point(plane, TOWN_SPACING_M, return_length=True)
    own = tree.query_ball_point(plane, 2 * _SAME_SITE_M, return_length=True)
    macro = model.power_class == "macro"
    return np.where(macro, np.where(near > own, UMA, RMA), UMI).astype(np.int64)


def radios_of(
    lon: Floats,
    lat: Floats,
    model: Model,
    *,
    load: float = 0.5,
    heights: NDArray[Any] | None = None,
    to_pixels: ToPixels | None = None,
    scenario: Ints | None = None,
) -> Radios:
    """Make the radios of modelled cells; without terrain all paths are flat.

    Parameters
    ----------
    lon, lat
        Of the cells, degrees WGS-84.
    load
        Share of its resources that each cell sends on.
    heights, to_pixels
        The terrain and where places lie in it (`formats.dem.Dem`), both or none.
    scenario
        As :func:`scenarios` gave it, for some cells of many; None: these are all there are.
    """
    n = len(lon)
    u = v = ground = np.full(n, np.nan)
    bend = np.zeros((n, 6))
    if heights is not None and to_pixels is not None and n:
        u, v = to_pixels(lon, lat)
        ground = heights_at(heights, u, v)
        bend = bends(to_pixels, lon, lat)
    _, carrier = np.unique(model.ghz, return_inverse=True)
    return Radios(
        lon, lat, u, v, ground, bend, model.height_m, model.reference_dbm, model.ghz,
        model.azimuth_deg, model.tilt_deg, model.wide_deg, model.high_deg,
        scenarios(lon, lat, model) if scenario is None else scenario, np.full(n, load),
        carrier.astype(np.int64),
    )  # fmt: skip
