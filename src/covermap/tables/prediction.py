"""What is predicted: the terrain that was read, and levels of cells by the formulae."""

from __future__ import annotations

from covermap.tables.table import F64, I32, I64, C, S, Table

TERRAIN = Table(
    "terrain",
    "Rasters of heights, and what was found in each.",
    (
        C("file", S, "file, relative to the workspace"),
        C("sha256", S, "hash of its bytes"),
        C("crs", S, "CRS as stated or declared"),
        C("unit", S, "m or ft"),
        C("rows", I32, "rows of pixels"),
        C("columns", I32, "columns of pixels"),
        C("pixel_m", F64, "longest side of a pixel, m"),
        C("voids", I64, "pixels without a height, impossible ones included"),
        C("impossible", I64, "of them, pixels with a height that no ground has"),
        C("sea_floor", I64, "pixels below any shore, and below 0 beside them: taken as 0"),
        C("lowest_m", F64, "lowest height, m"),
        C("highest_m", F64, "highest height, m"),
        C("west", F64, "western edge, degrees WGS-84"),
        C("south", F64, "southern edge"),
        C("east", F64, "eastern edge"),
        C("north", F64, "northern edge"),
    ),
    ("file",),
)
CELL_MODEL = Table(
    "cell_model",
    "Level that the sites should give in the open, by the formulae of path loss alone: no "
    "measurement is in it. Levels are told to 0.01 dB, distances to 1 m. Cells without a site of "
    "their layer within the radius have no row. One "
    "file a shard (H3 ancestor of resolution 3), `<shard>.parquet`.",
    (
        C("cell", I64, "H3 index as int64"),
        C("operator", S, "as in sites"),
        C("technology", S, "as in sites"),
        C("rsrp_dbm", F64, "level of the strongest cell's reference signal in the open, dBm"),
        C("sinr_db", F64, "SINR, limited by interference at the declared load, dB"),
        C("second_dbm", F64, "strongest other cell of the same carrier, dBm", "none in the radius"),
        C("distance_m", F64, "horizontal, to the strongest cell, m"),
        C("terrain_db", F64, "diffraction over the ground on that path, dB", "taken as flat"),
        C("site", S, "site_id of the strongest cell"),
        C("server", S, "its cell_id"),
        C("ghz", F64, "its carrier, GHz"),
        C("entry_db", F64, "median loss into a building at that carrier, not taken off rsrp_dbm, "
          "dB", "no building is declared"),
        C("filled", S, "what of the strongest cell was a default, by commas: ghz, power_class, "
          "height_m, azimuth_deg, tilt_deg, wide_deg, power; empty: nothing"),
    ),
    ("operator", "technology", "cell"),
)  # fmt: skip
