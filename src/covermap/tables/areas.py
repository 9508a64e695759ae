"""Places, villages and regions."""

from __future__ import annotations

from covermap.tables.table import F64, WKB, B, C, S, Table

_ANSWER = "pass, fail or undetermined under the pack's rule for areas"

_NAMED = (
    C("code", S, "official code", "not given"),
    C("name", S, "name", "not given"),
    C("population", F64, "people", "not given"),
)
_FROM = (
    C("input", S, "name of the input"),
    C("simulated", B, "true: made by the simulator"),
)
AREAS_COLUMNS = (*_NAMED, C("geometry", WKB, "geometry, WGS-84"), *_FROM)
PLACES = Table(
    "places",
    "Key places and their key points: one row a key point; a place without any has one row.",
    (
        C("place_id", S, "stable identity of the place"),
        C("scene", S, "one of the policy's scenes, as declared", "not given"),
        C("grade", S, "grade within the scene", "not given"),
        C("key_point_id", S, "key point within its place: as given; else its name, with its floor "
          "where several have that name; - for the place itself"),
        C("key_point", S, "name of the key point", "the place itself, or a floor"),
        C("floor", S, "floor of the key point", "not given"),
        *AREAS_COLUMNS,
    ),
    ("place_id", "key_point_id"),
)  # fmt: skip
VILLAGES = Table(
    "villages",
    "Villages: points or polygons.",
    (
        C("village_id", S, "statistical code, or a hash of name and position"),
        *_NAMED,
        C("geometry", WKB, "geometry, WGS-84", "without coordinates"),
        *_FROM,
    ),
    ("village_id",),
)
REGIONS = Table(
    "regions",
    "Administrative or other regions that results are summed over.",
    (
        C("region_id", S, "code, or a hash of the name"),
        C("level", S, "province, city, county, township, other"),
        *AREAS_COLUMNS,
    ),
    ("region_id",),
)


def _shares(what: str, of: str, null: str) -> tuple[C, ...]:
    """Columns about the covered share of something."""
    return (
        C(f"{what}_share_expected", F64, f"share of the {of} measured that meets the standard, 0-1",
          null),
        C(f"{what}_share_low", F64, "lower end of its interval", null),
        C(f"{what}_share_high", F64, "upper end of its interval", null),
        C(f"{what}_low", F64, f"share of all {of}: lower end, the rest as the pack says", null),
        C(f"{what}_high", F64, f"share of all {of}: upper end, the rest as the pack says", null),
        C(f"{what}_answer", S, _ANSWER, "not asked by the pack, or not known"),
    )  # fmt: skip


AREA_VERDICTS = Table(
    "area_verdicts",
    "Continuous coverage of each region's polygon, per layer. A cell belongs to it by its middle. "
    "The intervals take near cells as alike, by the correlations of the pack.",
    (
        C("region_id", S, "as in regions"),
        C("level", S, "level of the region"),
        C("name", S, "name of the region", "no name"),
        C("operator", S, "PLMN, or any / all"),
        C("technology", S, "technology, or any"),
        C("area_km2", F64, "of the polygon, on the ellipsoid"),
        C("covered_km2", F64, "of it, covered"),
        C("weak_km2", F64, "of it, weak"),
        C("none_km2", F64, "of it, without service"),
        C("unmeasured_km2", F64, "of it, not measured"),
        *_shares("area", "area", "nothing is measured"),
        C("people", F64, "people in all, as in people_verdicts", "not known"),
        C("covered_people", F64, "of them in covered cells", "not known"),
        C("unmeasured_people", F64, "of them in cells that nobody measured", "not known"),
        *_shares("people", "people", "nothing is measured, or people are not known"),
        C("answer", S, "of what the pack asks for together: pass, fail or undetermined"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("operator", "technology", "level", "region_id"),
)
