"""Chinese rail: identities through small edits, sections by county, metro stations in order."""

from __future__ import annotations

import json
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from covermap.core.datum import to_wgs84
from covermap.core.lines.chains import Limits
from covermap.core.lines.edges import edges_of
from covermap.core.lines.filling import fill_names
from covermap.core.lines.identity import Known, stored_geometry
from covermap.core.lines.inventory import Inventory, Ways, in_canonical_order, make_inventory
from covermap.core.lines.nearest import nearest_per_line
from covermap.core.lines.sections import by_region
from covermap.core.lines.segments import cut_lines

CROP = (120.6, 30.7, 122.0, 31.95)
pytestmark = pytest.mark.real


def ways_of(data: gpd.GeoDataFrame, geometry: np.ndarray | None = None) -> Ways:
    unknown = np.full(len(data), np.nan)
    text = {c: data[c].astype(object).where(data[c].notna(), None) for c in ("ref", "name")}
    return Ways(
        data.geometry.to_numpy(object) if geometry is None else geometry,
        data["cls"].to_numpy(object),
        text["ref"].to_numpy(object),
        text["name"].to_numpy(object),
        unknown,
        unknown,
    )


def made_of(ways: Ways, known: Known | None = None) -> Inventory:
    named = fill_names(in_canonical_order(ways)[0], Limits()).ways
    return make_inventory(in_canonical_order(named)[0], Limits(), known)


def rail(real_data: Path, *classes: str) -> gpd.GeoDataFrame:
    data = gpd.read_parquet(real_data / "lines/cn_rail_ways_osm.parquet")
    data = data[data["cls"].isin(classes) & data["service"].isna()]
    return data.explode(ignore_index=True)


KINDS = ["move", "split", "turn", "name", "gone"]
EDITS = {"light": [0.1, 0.1, 0.02, 0.02, 0.005], "heavy": [0.25, 0.25, 0.1, 0.1, 0.02]}
"""Shares of the ways moved by metres, split, turned round, left without a name, and left out."""


def edited(ways: Ways, rng: np.random.Generator, shares: list[float]) -> Ways:
    n = len(ways)
    kind = rng.choice(["", *KINDS], n, p=[1 - sum(shares), *shares])
    geometry, owner = [], []
    name = ways.name.copy()
    for i, (line, what) in enumerate(zip(ways.geometry, kind, strict=True)):
        parts = [line]
        xy = shapely.get_coordinates(line)
        if what == "move" and len(xy) > 2:
            xy[1:-1] += rng.normal(0, 3e-5, (len(xy) - 2, 2))
            parts = [shapely.LineString(xy)]
        elif what == "split" and len(xy) > 2:
            at = int(rng.integers(1, len(xy) - 1))
            parts = [shapely.LineString(xy[: at + 1]), shapely.LineString(xy[at:])]
        elif what == "turn":
            parts = [shapely.reverse(line)]
        elif what == "name":
            name[i] = None
        elif what == "gone":
            parts = []
        geometry += parts
        owner += [i] * len(parts)
    at = np.array(owner)
    made = Ways(ways.geometry, ways.line_class, ways.ref, name, ways.tunnel, ways.bridge).take(at)
    return Ways(np.array(geometry, object), *(getattr(made, c) for c in (
        "line_class", "ref", "name", "tunnel", "bridge")))  # fmt: skip


def share_kept(before: Inventory, after: Inventory) -> float:
    """Share of the length before whose nearest line of its class after has the same identity."""
    cut = cut_lines(before.geometry, np.full(len(before.line_id), 100.0))
    middle = shapely.get_coordinates(
        shapely.line_interpolate_point(cut.geometry, 0.5, normalized=True)
    )
    late = cut_lines(after.geometry, np.full(len(after.line_id), 500.0))
    edges = edges_of(late.geometry, late.line, late.from_m, late.to_m, 300.0)
    near = nearest_per_line(edges.grid, middle[:, 0], middle[:, 1], 50.0)
    frame = pd.DataFrame({
        "point": near.point, "distance": near.distance_m,
        "same": after.line_id[edges.grid.line[near.edge]] == before.line_id[cut.line[near.point]],
    })  # fmt: skip
    nearest = frame.sort_values(["point", "distance"]).drop_duplicates("point")
    own = nearest[nearest["same"]]["point"].to_numpy()
    return float(cut.length_m[own].sum() / cut.length_m[nearest["point"].to_numpy()].sum())


@pytest.mark.parametrize(("mix", "least"), [("light", 0.93), ("heavy", 0.85)])
def test_most_kilometres_keep_their_identity_when_the_inventory_is_edited(
    real_data: Path, mix: str, least: float
) -> None:
    data = rail(real_data, "hsr", "rail", "subway").cx[CROP[0] : CROP[2], CROP[1] : CROP[3]]
    ways = ways_of(data)
    first = made_of(ways)
    known = Known(first.line_id, first.line_class, stored_geometry(first.geometry))
    changed = edited(ways, np.random.default_rng(5), EDITS[mix])
    with_known = share_kept(first, made_of(changed, known))
    without = share_kept(first, made_of(changed))
    print(f"{mix}: {len(data)} ways, {len(first.line_id)} lines: {with_known:.4f} of the km kept "
          f"their identity; {without:.4f} by hash alone")  # fmt: skip
    assert with_known > least
    assert with_known > without
    again = made_of(ways, known)
    assert again.line_id.tolist() == first.line_id.tolist()
    assert (shapely.to_wkb(again.geometry) == shapely.to_wkb(first.geometry)).all()


def test_high_speed_rail_is_cut_by_district_without_gap_or_overlap(real_data: Path) -> None:
    made = made_of(ways_of(rail(real_data, "hsr")))
    cut = cut_lines(made.geometry, np.full(len(made.line_id), 100.0))
    districts = gpd.read_parquet(real_data / "admin/cn_admin_polygons.parquet")
    districts = districts[districts["level"].astype(str) == "2"].sort_values("adcode")
    polygon = districts.geometry.to_numpy(object)
    polygon = np.where(shapely.is_valid(polygon), polygon, shapely.make_valid(polygon))
    began = time.perf_counter()
    pieces = by_region(cut.geometry, cut.line, cut.from_m, cut.to_m, polygon)
    seconds = time.perf_counter() - began
    total = np.bincount(pieces.line, weights=pieces.to_m - pieces.from_m)
    np.testing.assert_allclose(total, made.length_m, atol=1e-6)
    first = np.r_[True, pieces.line[1:] != pieces.line[:-1]]
    assert (pieces.from_m[first] == 0).all()
    np.testing.assert_array_equal(pieces.from_m[1:][~first[1:]], pieces.to_m[:-1][~first[1:]])
    outside = (pieces.to_m - pieces.from_m)[pieces.start < 0].sum() / total.sum()
    print(f"{len(cut.line)} segments, {len(polygon)} districts: {len(pieces.line)} sections in "
          f"{seconds:.1f} s; {100 * outside:.3f} % outside")  # fmt: skip
    assert outside < 0.02
    # Point by point: away from borders, the section is that of the district that holds the point.
    pick = np.random.default_rng(1).choice(len(cut.line), 2000, replace=False)
    middle = shapely.line_interpolate_point(cut.geometry[pick], 0.5, normalized=True)
    point, held = shapely.STRtree(polygon).query(middle, predicate="within")
    truth = np.full(len(pick), -1)
    truth[point] = held
    base = np.r_[0.0, np.cumsum(made.length_m + 1.0)]
    place = 0.5 * (cut.from_m + cut.to_m)[pick] + base[cut.line[pick]]
    got = pieces.start[np.searchsorted(pieces.from_m + base[pieces.line], place, side="right") - 1]
    assert (got == truth).mean() > 0.98


def test_metro_stations_project_in_the_order_of_their_line(real_data: Path) -> None:
    subway = rail(real_data, "subway")
    good, pairs, lines = 0, 0, 0
    for city in ("shanghai", "chengdu", "wuhan"):
        data = json.loads((real_data / f"metro_gcj02/{city}.json").read_text(encoding="utf-8"))
        places = {s["id"]: (s["lng"], s["lat"]) for s in data["stations"]}
        for line in data["lines"]:
            told = order_kept([places[i] for i in line["stationIds"] if i in places], subway)
            if told is not None:
                good, pairs, lines = good + told[0], pairs + told[1], lines + 1
    print(f"{lines} lines: {good} of {pairs} neighbouring stations follow on ({good / pairs:.4f})")
    assert lines > 20
    assert good / pairs > 0.9


def order_kept(
    stops: list[tuple[float, float]], subway: gpd.GeoDataFrame
) -> tuple[int, int] | None:
    """Of the longest course of a line: neighbouring stations in order, and all such pairs."""
    x, y = np.array(stops, float).T
    lon, lat = to_wgs84(x, y, "gcj02")
    box = (lon.min() - 0.02, lat.min() - 0.02, lon.max() + 0.02, lat.max() + 0.02)
    near_by = subway.cx[box[0] : box[2], box[1] : box[3]]
    made = made_of(ways_of(near_by))
    if len(made.line_id) == 0:
        return None
    cut = cut_lines(made.geometry, np.full(len(made.line_id), 500.0))
    edges = edges_of(cut.geometry, cut.line, cut.from_m, cut.to_m, 300.0)
    near = nearest_per_line(edges.grid, lon, lat, 300.0)
    owner = edges.grid.line[near.edge]
    most = np.bincount(owner, minlength=1)
    course = int(np.argmax(most))
    if most[course] < 5 or most[course] < 0.5 * len(stops):
        return None
    own = owner == course
    place = (edges.start_m[near.edge] + near.along * edges.length_m[near.edge])[own]
    step = np.sign(np.diff(place[np.argsort(near.point[own])]))
    return int(max((step > 0).sum(), (step < 0).sum())), len(step)
