"""Lines, and what lies along them."""

from __future__ import annotations

from covermap.tables.table import F64, I16, I32, WKB, B, C, S, Table

LINES = Table(
    "lines",
    "Lines that are assessed: one continuous course each.",
    (
        C("line_id", S, "stable identity"),
        C("name", S, "name", "no name"),
        C("ref", S, "number: A 1, G42", "no number"),
        C("class", S, "hsr, rail, metro, motorway, ... (LINE_CLASSES)"),
        C("length_m", F64, "geodesic length of the course, m"),
        C("route_length_m", F64, "its share of route length: parallel tracks count once, m"),
        C("segment_m", F64, "nominal segment length, m"),
        C("oneway", I16, "travel: +1 with the chainage only, -1 against it", "both or unknown"),
        C("geometry", WKB, "LineString, WGS-84"),
        C("input", S, "name of the input"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("line_id",),
)

SEGMENTS = Table(
    "segments",
    "Pieces of lines, addressed by chainage. They add up to the line.",
    (
        C("line_id", S, "as in lines"),
        C("segment", I32, "0-based number along the line"),
        C("from_m", F64, "chainage of its start, m"),
        C("to_m", F64, "chainage of its end, m"),
        C("length_m", F64, "geodesic length, m"),
        C("route_length_m", F64, "its share of route length, m"),
        C("tunnel", B, "true: in a tunnel", "not known"),
        C("geometry", WKB, "LineString, WGS-84"),
    ),
    ("line_id", "segment"),
)

STATIONS = Table(
    "stations",
    "Stations and other marks along lines.",
    (
        C("line_id", S, "as in lines"),
        C("name", S, "name of the station, as testers stamp it"),
        C("chainage_m", F64, "metres along the line"),
        C("lon", F64, "longitude, degrees WGS-84"),
        C("lat", F64, "latitude, degrees WGS-84"),
    ),
    ("line_id", "chainage_m", "name"),
)

LINKS = Table(
    "links",
    "Side tracks and slip roads that runs travel over and that no line is made of. They count for "
    "nothing: no length of theirs is in any figure, and what was measured there is no evidence.",
    (
        C("link_id", S, "identity: made of its class, kind, names and ends"),
        C("name", S, "name", "no name"),
        C("ref", S, "number", "no number"),
        C("class", S, "class of the lines that it belongs to: only what is on those is on it"),
        C("kind", S, "connecting, access, crossover, siding, yard, ... (LINK_KINDS)"),
        C("length_m", F64, "geodesic length, m"),
        C("geometry", WKB, "LineString, WGS-84"),
        C("input", S, "name of the input"),
        C("simulated", B, "true: made by the simulator"),
    ),
    ("link_id",),
)

KNOWN_LINES = Table(
    "known_lines",
    "Every line that a workspace has known: what lines are recognised by when they are read again. "
    "Kept in the workspace, not in builds.",
    (
        C("line_id", S, "as in lines"),
        C("class", S, "as in lines"),
        C("input", S, "name of the input it was last read from"),
        C("geometry", WKB, "LineString, WGS-84, simplified to about a metre"),
    ),
    ("line_id",),
)

STRUCTURES = Table(
    "structures",
    "Tunnels and bridges of lines, and gaps that were bridged, as intervals of chainage.",
    (
        C("line_id", S, "as in lines"),
        C("kind", S, "tunnel, bridge, or gap: no way was given, the line is drawn straight"),
        C("name", S, "name", "no name"),
        C("from_m", F64, "chainage of its start, m"),
        C("to_m", F64, "chainage of its end, m"),
    ),
    ("line_id", "kind", "from_m", "to_m"),
)

POSTS = Table(
    "posts",
    "Official kilometre posts: where the official count stands along the line. Between "
    "two posts of one stretch the official count is linear; a new stretch begins where the count "
    "breaks (a chainage equation).",
    (
        C("line_id", S, "as in lines"),
        C("chainage_m", F64, "metres along the line"),
        C("official_m", F64, "official chainage, m: K12+300 is 12300"),
        C("prefix", S, "letters before the official figure: K, DK, YK"),
        C("stretch", I32, "0-based number of the stretch of unbroken count"),
    ),
    ("line_id", "stretch", "chainage_m"),
)

SECTIONS = Table(
    "sections",
    "Sections of lines: from station to station, and by county. Those of one kind cover the line "
    "without gap or overlap.",
    (
        C("section_id", S, "stable identity"),
        C("line_id", S, "as in lines"),
        C("kind", S, "station or county"),
        C("name", S, "stations at its ends, or the county"),
        C("region_id", S, "as in regions", "not in a region that is known"),
        C("from_m", F64, "chainage of its start, m"),
        C("to_m", F64, "chainage of its end, m"),
        C("length_m", F64, "geodesic length, m"),
        C("route_length_m", F64, "its share of route length, m"),
    ),
    ("line_id", "kind", "from_m", "section_id"),
)
