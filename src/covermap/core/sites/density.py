"""Sites over the land: how many in each H3 cell, how far the nearest is, how many for people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from covermap.core.cells import cells_at, parents
from covermap.core.geodesy import lengths_m, points_m

Floats = NDArray[np.float64]

TARGET_PER_10_000 = 38.0
"""5G base stations for 10,000 people by the end of 2027: MIIT and others, document 2024 no. 227."""
ALL_SITES = "all"
"""As a technology or an operator: whatever it is."""


def counts_by_cell(sites: pa.Table, resolution: int, grid: int | None = None) -> pd.DataFrame:
    """Sites and cells of a table `sites` in each H3 cell, by technology and operator.

    A row for each that occurs, with `technology`, `operator`, `sites` and `cells` (of the network),
    also for `all` technologies of an operator, and `all` of all. A site is one of an operator: two
    operators on one mast are two. Sorted by cell, technology, operator. With `grid`, a site is in
    the ancestor of its cell of that resolution, so that coarser counts add up.
    """
    cells = cells_at(sites["lon"].to_numpy(), sites["lat"].to_numpy(), grid or resolution)
    if grid is not None and grid != resolution:
        cells = parents(cells, resolution)
    return counted(sites, pd.DataFrame({"h3": cells}))


def counted(sites: pa.Table, by: pd.DataFrame) -> pd.DataFrame:
    """Count sites and cells of a table `sites` in groups: by the columns given, and by layer.

    `by` has a row a row of `sites`; rows without a group (null) are left out. See
    :func:`counts_by_cell` for the layers. Cells of RedCap count as NR, too.
    """
    frame = pd.concat([_frame(sites), by.reset_index(drop=True)], axis=1)
    every = [
        frame,
        frame[frame["technology"] == "redcap"].assign(technology="nr"),
        frame.assign(technology=ALL_SITES),
    ]
    every += [part.assign(operator=ALL_SITES) for part in every]
    groups = pd.concat(every, ignore_index=True).groupby(
        [*by.columns, "technology", "operator"], sort=True
    )
    return pd.DataFrame(
        {"sites": groups["owned_site"].nunique(), "cells": groups["owned_cell"].nunique()}
    ).reset_index()


def _frame(sites: pa.Table) -> pd.DataFrame:
    """Technology and operator ('' where not given), and identities that are an operator's own."""
    frame = sites.select(["operator", "technology", "site_id", "cell_id"]).to_pandas().fillna("")
    owner = frame["operator"] + "|" + frame["site_id"]
    return frame.assign(
        owned_site=owner, owned_cell=owner + "|" + frame["technology"] + "|" + frame["cell_id"]
    )


def nearest_m(lon: Any, lat: Any, site_lon: Any, site_lat: Any) -> Floats:
    """Geodesic distance from places to the nearest site, m; infinite where there is no site.

    The nearest is found by the chord through the Earth: up to 100 km another site is nearer along
    the ellipsoid by a millionth of the distance at most.

    Examples
    --------
    >>> nearest_m([0.0], [0.0], [1.0, 3.0], [0.0, 0.0]).round().tolist()
    [111319.0]
    """
    lon, lat, site_lon, site_lat = (np.asarray(v, float) for v in (lon, lat, site_lon, site_lat))
    if site_lon.size == 0:
        return np.full(lon.shape, np.inf)
    _, at = cKDTree(points_m(site_lon, site_lat)).query(points_m(lon, lat))
    return lengths_m(lon, lat, site_lon[at], site_lat[at])


def stations_per_10_000(sites: pa.Table, people: float, technology: str = "nr") -> float:
    """Give the base stations of a technology for 10,000 people; NaN where nobody lives.

    A base station is an operator's site that has a cell of it, however many; `nr` counts RedCap's
    cells too. Indoor ones count.
    """
    wanted = {"nr": ["nr", "redcap"]}.get(technology, [technology])
    frame = _frame(sites)
    count = frame.loc[frame["technology"].isin(wanted), "owned_site"].nunique()
    return count / people * 10_000 if people > 0 else float("nan")
