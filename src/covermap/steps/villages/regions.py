"""Which township, county, city and province a village belongs to, and the names of these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from covermap.core.villages.codes import as_written, regions_of
from covermap.core.villages.sums import Nested
from covermap.rules.villages import Alike
from covermap.steps.villages.places import Places
from covermap.tables import VILLAGE_LEVELS, nan_as_null

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Belonging:
    """Regions of each level, and which of them each village belongs to."""

    table: pa.Table
    """Schema VILLAGE_REGIONS."""
    region_id: dict[str, list[str]]
    """By level, ascending."""
    names: dict[str, str | None]
    nested: Nested


def belonging(places: Places, codes: pa.Array, regions: pa.Table, alike: Alike) -> Belonging:
    """Find the regions of every village: by statistical code, else by position.

    Parameters
    ----------
    codes
        Statistical code of each village; null: not given.
    regions
        Table REGIONS: gives names, and regions of villages whose code says none.
    """
    own = regions_of(pc.coalesce(codes, places.village_id))
    lon, lat = places.lon[: places.villages], places.lat[: places.villages]
    of_level = {}
    for level in VILLAGE_LEVELS:
        here = regions.filter(pc.equal(regions["level"], level))
        lacking = pc.is_null(own[level]).to_numpy(zero_copy_only=False) & np.isfinite(lon)
        of_level[level] = pc.coalesce(own[level], _by_position(here, lon, lat, lacking))
    ids = {level: sorted(pc.unique(v).drop_null().to_pylist()) for level, v in of_level.items()}
    code = [np.zeros(places.villages, np.int64)]
    for level, values in of_level.items():
        found = pc.index_in(values, pa.array(ids[level], pa.string()), skip_nulls=True)
        code.append(pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64))
    strength = [alike.everywhere, alike.province, alike.city, alike.county, alike.township]
    table = pa.table(
        {"village_id": places.village_id, **of_level, "lon": nan_as_null(lon),
         "lat": nan_as_null(lat)}
    )  # fmt: skip
    nested = Nested(np.column_stack(code), np.array(strength))
    return Belonging(table, ids, _names(regions), nested)


def _by_position(
    regions: pa.Table, lon: NDArray[np.float64], lat: NDArray[np.float64],
    asked: NDArray[np.bool_],
) -> pa.Array:  # fmt: skip
    """Region that holds each village that is asked about, the first of several by identity."""
    row = np.full(len(lon), -1, np.int64)
    if regions.num_rows and asked.any():
        regions = regions.sort_by("region_id")
        shapes = shapely.from_wkb(np.array(regions["geometry"].to_pylist(), object))
        places = np.flatnonzero(asked)
        tree = shapely.STRtree(shapes)
        at, region = tree.query(shapely.points(lon[places], lat[places]), predicate="intersects")
        first = np.full(len(places), regions.num_rows, np.int64)
        np.minimum.at(first, at, region)
        row[places] = np.where(first < regions.num_rows, first, -1)
    names = regions["region_id"].combine_chunks()
    if not len(names):
        return pa.nulls(len(row), pa.string())
    return names.take(pa.array(row, mask=row < 0))


def _names(regions: pa.Table) -> dict[str, str | None]:
    """Name regions by their identity, and by their statistical code without zeros at its end."""
    names = regions["name"].to_pylist()
    made: dict[str, str | None] = {}
    for column in ("code", "region_id"):
        written = as_written(regions[column].combine_chunks()).to_pylist()
        for key in (written, regions[column].to_pylist()):
            made |= {k: n for k, n in zip(key, names, strict=True) if k is not None}
    return made
