"""Places, villages and regions."""

from __future__ import annotations

from covermap.tables.table import F64, WKB, B, C, S, Table

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
