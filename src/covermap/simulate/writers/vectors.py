"""Lines, stations, villages and key places as GeoJSON (RFC 7946, WGS-84)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from covermap.simulate.frame import to_lonlat, to_plane
from covermap.simulate.lines import Course
from covermap.simulate.noise import rng
from covermap.simulate.places import KeyPoint
from covermap.simulate.recipe import Area
from covermap.simulate.world import World

GROUPS = {
    "rail": ("hsr", "rail"),
    "metro": ("metro", "tram"),
    "roads": ("motorway", "trunk", "primary", "secondary", "national", "provincial", "road"),
    "waterways": ("waterway",),
}
"""Files of lines: name and the classes in it."""

VILLAGE_POINTS = ("committee", "square", "clinic", "school")
"""Kinds of key points that a village may have."""

Feature = dict[str, Any]


def write_collection(path: Path, features: Iterable[Feature]) -> None:
    """Write a FeatureCollection, a feature a line."""
    text = ",\n".join(json.dumps(f, ensure_ascii=False) for f in features)
    path.write_text(
        '{"type": "FeatureCollection", "features": [\n' + text + "\n]}\n", encoding="utf-8"
    )


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> Feature:
    return {
        "type": "Feature",
        "properties": properties | {"simulated": True},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def line_features(courses: Iterable[Course]) -> list[Feature]:
    """Ways of the courses: cut where a tunnel begins and ends, as ways in a map are."""
    return [feature for course in courses for feature in _ways(course)]


def _ways(course: Course) -> Iterable[Feature]:
    ends = {0.0, course.length_m}
    cuts = np.array(sorted(ends.union(*(set(t) for t in course.tunnels_m))))
    index = np.searchsorted(course.s, cuts)
    for i, j in pairwise(index):
        middle = np.array([(course.s[i] + course.s[j]) / 2])
        points = [
            [float(a), float(b)]
            for a, b in zip(course.lon[i : j + 1], course.lat[i : j + 1], strict=True)
        ]
        yield _feature(
            "LineString",
            points,
            {
                "name": course.line.name,
                "ref": course.line.ref,
                "class": course.line.line_class,
                "tunnel": "yes" if course.in_tunnel(middle)[0] else "no",
            },
        )


def station_features(courses: Iterable[Course]) -> list[Feature]:
    """Stations of the courses, where they lie on them, in order along each."""
    made = []
    for course in courses:
        lon, lat = course.position(course.station_s)
        for order, name in enumerate(course.station_names):
            point = [round(float(lon[order]), 7), round(float(lat[order]), 7)]
            about = {"name": name, "line": course.line.name, "order": order + 1}
            made.append(_feature("Point", point, about))
    return made


def area_features(area: Area) -> list[Feature]:
    """Give a rectangle as one polygon."""
    w, s, e, n = area.west, area.south, area.east, area.north
    return [_feature("Polygon", [[[w, s], [e, s], [e, n], [w, n], [w, s]]], {})]


def village_features(world: World) -> list[Feature]:
    """Made-up villages in the countryside: name, code, population."""
    source = rng(world.recipe.seed, "villages")
    a = world.recipe.area
    count = world.recipe.places.villages
    lon, lat = source.uniform(a.west, a.east, count), source.uniform(a.south, a.north, count)
    people = source.integers(180, 4200, count)
    return [
        _feature(
            "Point",
            [round(float(lon[i]), 6), round(float(lat[i]), 6)],
            {"code": f"SIM{i + 1:06d}", "name": f"模拟村{i + 1:04d}", "population": int(people[i])},
        )
        for i in range(count)
    ]


def village_point_features(world: World) -> list[Feature]:
    """Key points of every fourth village, within 300 m of it: committee, school, clinic, square."""
    source = rng(world.recipe.seed, "village key points")
    made: list[Feature] = []
    for village in village_features(world)[::4]:
        x, y = to_plane(*([c] for c in village["geometry"]["coordinates"]))
        for kind in VILLAGE_POINTS[: int(source.integers(1, len(VILLAGE_POINTS) + 1))]:
            away = source.uniform(-200, 200, 2)
            lon, lat = to_lonlat(float(x[0]) + away[0], float(y[0]) + away[1])
            about = {"code": village["properties"]["code"], "kind": kind}
            made.append(_feature("Point", [round(float(lon), 6), round(float(lat), 6)], about))
    return made


def place_features(points: list[KeyPoint]) -> list[Feature]:
    """Made-up key places in real towns, a feature a key point."""
    return [
        _feature(
            "Point",
            [point.lon, point.lat],
            {
                "code": point.code,
                "name": point.place,
                "scene": point.scene,
                "grade": point.grade,
                "key_point": point.name,
                "floor": point.floor or None,
            },
        )
        for point in points
    ]
