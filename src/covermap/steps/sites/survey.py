"""The sites of a build as prediction takes them, and summed up: by H3 cell and by region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from covermap.core.cells import centres, parents
from covermap.core.sites.classes import ELEMENT_DB, REFERENCE_DB
from covermap.core.sites.density import (
    ALL_SITES,
    TARGET_PER_10_000,
    counted,
    counts_by_cell,
    nearest_m,
)
from covermap.core.sites.model import model_of
from covermap.engine.step import StepContext
from covermap.tables import CELL_SITES, LEVELS, REGION_SITES, SITE_CELLS, empty, nan_as_null

COARSEST = 3
_AS_THEY_ARE = (
    "site_id", "cell_id", "operator", "technology", "band", "lon", "lat", "redcap", "nbiot",
    "opened", "located", "uncertainty_m", "doubts", "input", "simulated",
)  # fmt: skip


def survey(ctx: StepContext) -> None:
    """Write `site_cells`, `cell_sites` and `region_sites`."""
    sites = ctx.tables.read("sites")
    ctx.write("site_cells", _modelled(sites) if sites.num_rows else empty(SITE_CELLS))
    counting = ctx.tables.read("counting_cells")
    ctx.write("cell_sites", _by_cell(sites, counting, ctx.config.grid.resolution))
    ctx.write("region_sites", _by_region(sites, counting, ctx.tables.read("regions"), _made(ctx)))


def _made(ctx: StepContext) -> bool:
    declared = ctx.config.population
    return declared is not None and declared.simulated


def _modelled(sites: pa.Table) -> pa.Table:
    model = model_of(sites)
    share = [REFERENCE_DB.get(t, ELEMENT_DB) for t in sites["technology"].to_pylist()]
    filled = [",".join(names) for names in model.filled_names().to_pylist()]
    return pa.table(
        {name: sites[name] for name in _AS_THEY_ARE}
        | {
            "ghz": model.ghz,
            "power_class": pa.array(model.power_class.tolist(), pa.string()),
            "height_m": model.height_m,
            "azimuth_deg": nan_as_null(model.azimuth_deg),
            "tilt_deg": model.tilt_deg,
            "beamwidth_deg": model.wide_deg,
            "eirp_dbm": np.round(model.reference_dbm - np.array(share), 3),
            "reference_dbm": np.round(model.reference_dbm, 3),
            "indoor": model.indoor,
            "shared_with": pa.array(_others(sites), pa.string()),
            "filled": pa.array(filled, pa.string()),
        }
    )


def _others(sites: pa.Table) -> list[str | None]:
    """Name the other operators that have a row of the same cell at the same place."""
    frame = sites.select(["operator", "technology", "cell_id", "lon", "lat"]).to_pandas()
    groups = frame.groupby(["technology", "cell_id", "lon", "lat"], dropna=False)["operator"]
    shared = groups.transform("nunique").to_numpy() > 1
    together = frame[shared].groupby(["technology", "cell_id", "lon", "lat"], dropna=False)
    named = {key: sorted(set(part.dropna())) for key, part in together["operator"]}
    out: list[str | None] = [None] * len(frame)
    for row in np.flatnonzero(shared).tolist():
        own = frame.iloc[row]
        key = tuple(own[["technology", "cell_id", "lon", "lat"]])
        out[row] = ",".join(o for o in named[key] if o != own["operator"]) or None
    return out


def _by_cell(sites: pa.Table, counting: pa.Table, grid: int) -> pa.Table:
    if not sites.num_rows:
        return empty(CELL_SITES)
    parts = []
    for resolution in range(COARSEST, grid + 1):
        counts = counts_by_cell(sites, resolution, grid)
        if resolution < grid:
            counts = _every_layer(counts, _peopled(counting, resolution))
        parts.append(counts.assign(resolution=resolution))
    whole = pd.concat(parts, ignore_index=True)
    whole["nearest_m"] = np.round(_nearest(sites, whole), 1)
    return _table(whole.rename(columns={"h3": "cell"}), CELL_SITES.names)


def _peopled(counting: pa.Table, resolution: int) -> Any:
    """Cells with people or in a region, as far as they are known that finely."""
    cells = counting["cell"].to_numpy()
    if not len(cells):
        return cells
    of = int(cells[0] >> 52) & 15
    return parents(cells, resolution) if resolution <= of else cells[:0]


def _every_layer(counts: pd.DataFrame, more: Any) -> pd.DataFrame:
    """Give each cell a row of every layer there is; 0 sites where it has none."""
    layers = counts[["technology", "operator"]].drop_duplicates()
    cells = pd.DataFrame({"h3": np.union1d(counts["h3"].to_numpy(), more)})
    every = cells.merge(layers, how="cross")
    whole = every.merge(counts, how="left", on=["h3", "technology", "operator"])
    return whole.fillna({"sites": 0, "cells": 0}).astype({"sites": "int64", "cells": "int64"})


def _nearest(sites: pa.Table, rows: pd.DataFrame) -> Any:
    lon, lat = centres(rows["h3"].to_numpy())
    out = np.full(len(rows), np.nan)
    for (technology, operator), part in rows.groupby(["technology", "operator"]):
        own = _of_layer(sites, str(technology), str(operator))
        at = part.index.to_numpy()
        out[at] = nearest_m(lon[at], lat[at], own["lon"].to_numpy(), own["lat"].to_numpy())
    return out


def _of_layer(sites: pa.Table, technology: str, operator: str) -> pa.Table:
    """Rows of one operator and technology, as :func:`counted` names them."""
    names = np.array([t or "" for t in sites["technology"].to_pylist()], object)
    owner = np.array([o or "" for o in sites["operator"].to_pylist()], object)
    own = np.isin(names, ["nr", "redcap"]) if technology == "nr" else names == technology
    if technology == ALL_SITES:
        own = np.ones(len(names), bool)
    return sites.filter(pa.array(own & ((owner == operator) | (operator == ALL_SITES))))


def _by_region(sites: pa.Table, counting: pa.Table, regions: pa.Table, made: bool) -> pa.Table:
    parts = [
        _with_people(_counted(sites, np.zeros(sites.num_rows), [None]), "all", None, people, made)
        for people in [{0: _sum(counting["people"])}]
    ]
    for level, own in _levels(regions):
        code = _part_of(sites, own)
        names = list(zip(own["region_id"].to_pylist(), own["name"].to_pylist(), strict=True))
        people = _people_of(counting, own, level)
        found = _counted(sites, code, names)
        inside = found[found["part"] < len(names)]
        parts.append(_with_people(inside, "region", level, people, made))
        outside = found[found["part"] == len(names)]
        parts.append(_with_people(outside, "outside", level, people, made))
    return _table(pd.concat(parts, ignore_index=True), REGION_SITES.names)


def _levels(regions: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    for level in LEVELS:
        own = regions.filter(pa.compute.equal(regions["level"], level))
        if own.num_rows:
            yield level, own


def _part_of(sites: pa.Table, regions: pa.Table) -> Any:
    """Give the number of each site's region, the first of several; where none, one more."""
    shapes = shapely.from_wkb(np.array(regions["geometry"].to_pylist(), object))
    points = shapely.points(sites["lon"].to_numpy(), sites["lat"].to_numpy())
    at, region = shapely.STRtree(shapes).query(points, predicate="intersects")
    out = np.full(sites.num_rows, len(shapes), np.int64)
    np.minimum.at(out, at, region)
    return out


def _people_of(counting: pa.Table, regions: pa.Table, level: str) -> dict[int, float]:
    """People of each region by its number, and outside: counted, else as the regions' file says."""
    ids = regions["region_id"]
    if counting.num_rows and counting["people"].null_count == 0:
        code = pa.compute.fill_null(pa.compute.index_in(counting[level], ids), len(ids))
        sums = np.bincount(code.to_numpy(), counting["people"].to_numpy(), len(ids) + 1)
        return dict(enumerate(sums.tolist()))
    said = regions["population"].to_pylist()
    return {i: p for i, p in enumerate(said) if p is not None}


def _sum(people: pa.ChunkedArray) -> float:
    return float("nan") if len(people) == people.null_count else pa.compute.sum(people).as_py()


def _counted(sites: pa.Table, part: Any, names: list[Any]) -> pd.DataFrame:
    """Count sites in parts, with the name of each; a part without a site has a row of `all`."""
    found = counted(sites, pd.DataFrame({"part": np.asarray(part, np.int64)}))
    found = found.assign(simulated=bool(pa.compute.any(sites["simulated"]).as_py()))
    lacking = sorted(set(range(len(names))) - set(found["part"]))
    none = pd.DataFrame({
        "part": pd.Series(lacking, dtype="int64"), "technology": ALL_SITES, "operator": ALL_SITES,
        "sites": 0, "cells": 0, "simulated": False,
    })  # fmt: skip
    whole = pd.concat([found, none], ignore_index=True) if lacking else found
    known = dict(enumerate(names))
    pairs: Any = [known.get(p) or (None, None) for p in whole["part"].tolist()]
    return whole.assign(region_id=[p[0] for p in pairs], name=[p[1] for p in pairs])


def _with_people(
    rows: pd.DataFrame, scope: str, level: str | None, people: dict[int, float], made: bool
) -> pd.DataFrame:
    there = rows["part"].map(people).to_numpy(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        per = np.where(there > 0, rows["sites"].to_numpy() / there * 10_000, np.nan)
    aimed = (rows["technology"] == "nr") & (rows["operator"] == ALL_SITES)
    return rows.assign(
        scope=scope, level=level, people=there, per_10000=np.round(per, 3),
        target_per_10000=np.where(aimed, TARGET_PER_10_000, np.nan),
        simulated=rows["simulated"] | made,
    )  # fmt: skip


def _table(frame: pd.DataFrame, names: tuple[str, ...]) -> pa.Table:
    """Make a table; an operator that is not given is null, as is a number that is not known."""
    operator = frame["operator"].replace("", None)
    data = frame.assign(operator=operator)[list(names)]
    return pa.Table.from_pandas(data, preserve_index=False).replace_schema_metadata()
