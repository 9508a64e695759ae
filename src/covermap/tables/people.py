"""People and area: where they come from, where they are, and what of them is covered."""

from __future__ import annotations

from covermap.tables.table import F64, I32, I64, B, C, S, Table

NO_POPULATION = "no population is declared"
LEVELS = ("province", "city", "county", "township", "other")
"""Levels of regions, from coarse to fine."""

POPULATION = Table(
    "population",
    "Rasters that people come from, and what was found in each.",
    (
        C("file", S, "file, relative to the workspace"),
        C("sha256", S, "hash of its bytes"),
        C("kind", S, "count, density or weight"),
        C("year", I32, "year that the people are of", "not declared"),
        C("crs", S, "CRS as stated or declared"),
        C("rows", I32, "rows of pixels"),
        C("columns", I32, "columns of pixels"),
        C("pixels_held", I64, "pixels with more than nothing"),
        C("pixels_nodata", I64, "pixels without a value"),
        C("raster_total", F64, "sum of the pixels: people; of a weight, weight times km2"),
        C("factor", F64, "people per unit of that sum"),
        C("people", F64, "people of this file"),
        C("attribution", S, "who the raster comes from"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("file",),
)
COUNTING_CELLS = Table(
    "counting_cells",
    "Cells of one coarse resolution: their people, and the region of each level that their centre "
    "lies in. Finer cells belong where their parent does. Cells with people or in a region.",
    (
        C("cell", I64, "H3 index as int64"),
        C("area_m2", F64, "area of the cell, m2"),
        C("people", F64, "people in it", NO_POPULATION),
        C("factor", F64, "what its region's total multiplies the raster by", "no totals: 1"),
        *(C(level, S, f"region_id of its {level}", f"in no known {level}") for level in LEVELS),
    ),
    ("cell",),
)
CELL_PEOPLE = Table(
    "cell_people",
    "People in each cell that has evidence; without a declared population, no rows.",
    (
        C("cell", I64, "H3 index as int64"),
        C("people", F64, "people in it: of each pixel the share of its area in the cell"),
        C("region_id", S, "the finest region that its counting cell lies in", "in no region"),
    ),
    ("cell",),
)
_SUMS = tuple(
    C(f"{verdict}_people", F64, f"of them in places {words}", NO_POPULATION)
    for verdict, words in (
        ("covered", "that are covered"), ("weak", "that are weak"),
        ("none", "without service"), ("unmeasured", "that nobody measured"),
    )
)  # fmt: skip
_AREAS = tuple(
    C(f"{verdict}_km2", F64, f"of it, {words}")
    for verdict, words in (
        ("covered", "covered"), ("weak", "weak"), ("none", "without service"),
        ("unmeasured", "not measured"),
    )
)  # fmt: skip
PEOPLE_VERDICTS = Table(
    "people_verdicts",
    "People and area by verdict, per region and layer. Covered, weak, none and unmeasured add up "
    "to the whole.",
    (
        C("scope", S, "all, region, or outside: in no region of that level"),
        C("level", S, "level of the region", "all"),
        C("region_id", S, "as in regions", "not a region"),
        C("name", S, "name of the region", "no name, or not a region"),
        C("operator", S, "PLMN, or any / all"),
        C("technology", S, "technology, or any"),
        C("people", F64, "people in all", NO_POPULATION),
        *_SUMS,
        C("people_covered_share", F64, "covered people / people, 0-1", "there are no people"),
        C("area_km2", F64, "km2 in all: of the region; outside, of the cells with evidence"),
        *_AREAS,
        C("area_covered_share", F64, "covered area / area, 0-1", "there is no area"),
        C("year", I32, "year that the people are of", "not declared"),
        C("simulated", B, "true: people or measurements are made by the simulator"),
    ),
    ("scope", "level", "region_id", "operator", "technology"),
)
