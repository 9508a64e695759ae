"""What a user should look at after a build: findings that may make the result wrong as a whole.

A build mends, blanks and rejects row by row, and counts all of it. Some findings mean more: that a
declaration is likely mistaken, or that most of a file was not used. These are told by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from covermap.core.sites.quality import RULES
from covermap.store import Tables

SERIOUS = {
    "likely_gcj02": 'declare datum = "gcj02" if the positions come from a Chinese map',
    "file_swapped": "exchange x and y in columns",
    "datum_not_declared": "declare datum",
    "zone_not_declared": "declare timezone",
    "mixed_encoding": "see whether names are read right; save the file in one encoding",
    "encoding_not_stated": "see whether names are read right; add a .cpg file",
    "unknown_technology": "see how the technology is written",
    "unknown_service": "see how service is written",
    "constant_sinr": "the device does not report SINR",
    "tx_power_in_watts": "see whether they are W; write the unit behind them",
    "eirp_in_watts": "see whether they are W; write the unit behind them",
    "no_line_for_marks": "declare the line and its stations; a run needs marks of two",
    "unknown_mark": "see how stations are written in the log and in the stations file",
    "crosses_antimeridian": "see whether the lines really step over longitude 180",
    "long_connecting_track": "a line of its own? give it another name in the file",
    "south_up": "see whether the raster's rows really run from south to north",
    "negative_people": "declare them as nodata of the raster (gdal_edit -a_nodata)",
    "not_finite_people": "see what the raster says where it has NaN",
    "saturated_people": 'declare kind = "weight" with a total: the raster stops counting there',
    "people_not_placed": "see the CRS of the raster: its map is torn, or too small for the cells",
    "terrain_voids": "see whether the raster has heights where the sites are",
    "impossible_heights": 'declare unit = "ft" in [terrain] if they are feet',
    "height_unit_not_stated": 'declare unit = "m" or "ft" in [terrain]',
    "no_terrain": "declare [terrain] with a raster of heights",
    "sites_off_terrain": "add rasters to [terrain], or see where these sites lie",
    "sites_without_operator": "declare operator in [[sites]]",
    "sites_without_technology": "map a column to technology in [[sites]]",
    "unknown_place": "see how the place is written in the log and in [[places]]",
    "unknown_key_point": "see how the key point is written in the log and in [[places]]",
    "name_of_several": "name the key point by its identity, or its floor too",
    "no_key_point_named": "map key_point or floor: the place has several key points",
    "key_point_outside_place": "see where the key point, or its place, lies",
    "regions_overlap": "see whether regions of one level should overlap; the first one counts",
    "reader_warning": "see whether the file is whole",
}
"""Kind of problem -> what to do. Kinds with an example tell it too."""

SERIOUS |= {kind: RULES[kind].do for kind in (
    "outside_regions", "many_sites_in_one_place", "high_antenna", "azimuth_mostly_0",
    "site_in_two_places", "cell_described_twice",
)}  # fmt: skip

EXAMPLE_LENGTH = 100
MOST_OF_A_FILE = 0.5


def look_at(tables: Tables, files: Iterable[dict[str, Any]]) -> list[str]:
    """One line for each file and serious kind: file, kind, count, example, what to do.

    Parameters
    ----------
    tables
        The build.
    files
        Counts of the logs, as the build reports them.

    Returns
    -------
    list of str
        Logs of which most rows were rejected, features that were rejected, and problems of
        `SERIOUS`, in the order of the files.
    """
    counted = list(files)
    logs = {(one["input"], one["file"]) for one in counted}
    told = [(one["file"], 0, _mostly_rejected(one)) for one in counted if _is_mostly(one)]
    told += [(row["file"], 1, _features(row)) for row in _rejected_features(tables, logs)]
    for row in tables.read("problems").to_pylist():
        if row["problem"] in SERIOUS:
            told.append((row["file"], 2, _problem(row)))
    return [line for _, _, line in sorted(told)]


def _is_mostly(one: dict[str, Any]) -> bool:
    lost = sum(n for reason, n in one["rejected"].items() if not reason.startswith("duplicate"))
    return bool(lost > MOST_OF_A_FILE * one["read"])


def _mostly_rejected(one: dict[str, Any]) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in one["rejected"].items())
    lost = sum(one["rejected"].values())
    return f"{one['file']}: {lost} of {one['read']} rows rejected: {reasons}"


def _rejected_features(tables: Tables, logs: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Rejected rows of lines, sites and areas: by file and reason, with the first detail."""
    rows = tables.connect("rejected").execute(_BY_REASON).fetchall()
    names = ("input", "file", "reason", "n", "line", "detail")
    found = (dict(zip(names, row, strict=True)) for row in rows)
    return [row for row in found if (row["input"], row["file"]) not in logs]


_BY_REASON = """
    SELECT input, file, reason, count(*), min(line), arg_min(detail, line)
    FROM rejected GROUP BY input, file, reason
"""


def _features(row: dict[str, Any]) -> str:
    return (
        f"{row['file']}: {row['n']} rejected: {row['reason']}; the first is no. {row['line']}: "
        f"{row['detail']}"
    )


def _problem(row: dict[str, Any]) -> str:
    at = "" if row["first_line"] is None else f" from line {row['first_line']}"
    example = "" if row["example"] is None else f" ({row['example'][:EXAMPLE_LENGTH]})"
    advice = SERIOUS[row["problem"]]
    return f"{row['file']}: {row['problem']} {row['count']}{at}{example}: {advice}"
