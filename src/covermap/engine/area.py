"""The cells that a build predicts, from what is declared and what came before."""

from __future__ import annotations

import shapely

from covermap.core.cells import centres
from covermap.core.inputs.area_values import mend_polygons
from covermap.core.prediction.area import Area, area_near, area_of, disks_of
from covermap.engine.step import StepContext
from covermap.errors import InputError
from covermap.formats.vectors import read_vector
from covermap.shards import distinct_cells
from covermap.workspace import input_files


def area_to_predict(ctx: StepContext, *, measured: bool = True) -> Area:
    """Give the cells to predict: of the declared region, else those near sites and measurements.

    Needs the tables `sites` and `cell_evidence`; without `[predict]` there are none.

    Parameters
    ----------
    measured
        Take the cells near a measured cell, too; without them, those near sites alone.

    Raises
    ------
    InputError, FormatError, DatumError
        The region's file cannot be read, or holds no polygon.
    """
    declared, resolution = ctx.config.predict, ctx.config.grid.resolution
    if declared is None:
        return area_near(resolution)
    if declared.area is not None:
        return area_of(resolution, _region(ctx, declared.area))
    sites = ctx.tables.read("sites", ["lon", "lat"])
    disks = [
        disks_of(sites["lon"].to_numpy(), sites["lat"].to_numpy(), declared.radius_m),
    ]
    if measured:
        disks.append(disks_of(*centres(distinct_cells(ctx.tables)), declared.near_m))
    return area_near(resolution, *disks)


def _region(ctx: StepContext, pattern: str) -> shapely.Geometry:
    files = input_files(ctx.root, (pattern,), "covermap.toml [predict] area")
    shapes = [read_vector(path).table.geometry.to_numpy() for path in files]
    polygons = [
        mend_polygons(some[shapely.get_dimensions(some) == 2])[0] for some in shapes if len(some)
    ]
    whole = shapely.union_all([shape for some in polygons for shape in some])
    if not shapely.area(whole) > 0:
        raise InputError(f"{files[0]}: holds no polygon; the area to predict is a region.")
    return whole
