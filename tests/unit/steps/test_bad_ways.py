"""Ways as they come: cut, doubled, broken, crossing, branching, turned round."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from covermap.steps.lines import LinesResult, read_lines
from covermap.workspace import Lines

EAST_M = 1 / 66_900
NORTH_M = 1 / 111_280


def track(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in points])


def straight(x0: float, x1: float, y: float = 0.0) -> shapely.LineString:
    step = 100.0 if x1 > x0 else -100.0
    return track(*[(x, y) for x in [*np.arange(x0, x1, step), x1]])


def made_of(
    folder: Path, rows: list[tuple[shapely.LineString, str | None]], line_class: str = "rail",
    **more: object,
) -> LinesResult:  # fmt: skip
    frame = gpd.GeoDataFrame(
        {"name": [r[1] for r in rows]}, geometry=[r[0] for r in rows], crs=4326
    )
    frame.to_parquet(folder / "ways.parquet")
    given = {"name": "x", "files": ("ways.parquet",), "fields": {"name": "name"}}
    return read_lines(folder, (Lines(**{**given, "line_class": line_class, **more}),))


def lines_of(made: LinesResult) -> pd.DataFrame:
    return made.lines.drop_columns(["geometry"]).to_pandas()


def route_m(made: LinesResult) -> float:
    return float(made.lines["route_length_m"].to_numpy().sum())


def told(made: LinesResult) -> dict[str, int]:
    return {r["problem"]: r["count"] for r in made.problems.to_pylist()}


def test_ways_cut_with_overlaps_and_drawn_twice_count_once(tmp_path):
    rows = [
        (straight(0, 4200), "A"), (straight(3900, 8100), "A"), (straight(7800, 12000), "A"),
        (straight(3900, 8100), "A"),
    ]  # fmt: skip
    made = made_of(tmp_path, rows)
    assert told(made)["duplicate_way"] == 1
    assert route_m(made) == pytest.approx(12_000, rel=0.01)


def test_a_missing_way_in_a_named_line_is_bridged_as_a_gap_that_is_no_track(tmp_path):
    made = made_of(tmp_path, [(straight(0, 5000), "A"), (straight(5300, 9000), "A")])
    line = lines_of(made)
    assert len(line) == 1
    assert line["length_m"][0] == pytest.approx(9000, rel=0.01)
    assert route_m(made) == pytest.approx(8700, rel=0.005)
    gap = made.structures.to_pylist()
    assert [g["kind"] for g in gap] == ["gap"]
    assert gap[0]["to_m"] - gap[0]["from_m"] == pytest.approx(300, rel=0.01)
    assert 4950 < gap[0]["from_m"] < 5050


@pytest.mark.parametrize(
    "rows",
    [
        [(straight(0, 5000), None), (straight(5300, 9000), None)],
        [(straight(0, 5000), "A"), (straight(5300, 9000), "B")],
        [(straight(0, 5000), "A"), (straight(5600, 9000), "A")],
        [(straight(0, 5000), "A"), (straight(5300, 9000, y=120), "A")],
        [(straight(0, 5000), "A"), (track((5300, 0), (5300, 4000)), "A")],
    ],
    ids=["nameless", "two names", "too far", "aside", "across"],
)
def test_what_may_be_the_end_of_a_line_is_not_bridged(tmp_path, rows):
    made = made_of(tmp_path, rows)
    assert made.lines.num_rows == 2
    assert "gap_between_ways" not in told(made)
    assert route_m(made) == pytest.approx(made.lines["length_m"].to_numpy().sum())


def test_over_a_gap_each_of_two_tracks_goes_on_as_itself(tmp_path):
    rows = [(straight(a, b, y), "A") for a, b in ((0, 5000), (5300, 9000)) for y in (0.0, 5.0)]
    made = made_of(tmp_path, rows)
    assert made.lines.num_rows == 2
    lat = shapely.get_coordinates(shapely.from_wkb(made.lines["geometry"].to_pylist()))[:, 1]
    for shape in shapely.from_wkb(made.lines["geometry"].to_pylist()):
        assert np.ptp(shapely.get_coordinates(shape)[:, 1]) < 1e-6
    assert np.ptp(lat) == pytest.approx(5 * NORTH_M, rel=0.05)
    assert route_m(made) == pytest.approx(8700, rel=0.01)


@pytest.mark.parametrize("apart_m", [5, 20, 50])
@pytest.mark.parametrize("name", ["A", None])
def test_parallel_tracks_are_one_route_of_two_lines(tmp_path, apart_m, name):
    rows = [(straight(0, 6000), name), (straight(6000, 0, y=apart_m), name)]
    made = made_of(tmp_path, rows)
    assert made.lines.num_rows == 2
    assert route_m(made) == pytest.approx(6000, rel=0.01)


def test_two_double_tracks_side_by_side_are_two_routes_where_names_say_so(tmp_path):
    rows = [(straight(0, 6000, 10.0 * k), "A" if k < 2 else "B") for k in range(4)]
    made = made_of(tmp_path, rows)
    assert route_m(made) == pytest.approx(12_000, rel=0.01)


def test_a_line_that_splits_has_a_trunk_and_two_branches_counted_once(tmp_path):
    trunk = straight(0, 5000)
    north = track((5000, 0), (5600, 200), (6500, 800), (9000, 3500))
    south = track((5000, 0), (5600, -200), (6500, -800), (9000, -3500))
    made = made_of(tmp_path, [(trunk, "A"), (north, "A"), (south, "A")], line_class="metro")
    lines = lines_of(made)
    assert len(lines) == 2
    assert set(lines["name"]) == {"A"}
    branch = 3500**2 + 2500**2
    assert route_m(made) == pytest.approx(lines["length_m"].sum(), rel=0.03)
    assert lines["length_m"].max() > 5000 + 0.9 * branch**0.5


def test_a_loop_a_spur_and_a_self_crossing_are_kept_and_told(tmp_path):
    at = np.linspace(0, 2 * np.pi, 60)
    loop = track(*[(3000 * np.cos(a), 3000 * np.sin(a)) for a in at[:-1]], (3000, 0))
    spur = track((3000, 0), (3400, 30), (5000, 400))
    eight = track(*[(20_000 + 3000 * np.sin(a), 3000 * np.sin(2 * a)) for a in at[:-4]])
    made = made_of(tmp_path, [(loop, "ring"), (spur, "ring"), (eight, "eight")])
    assert told(made)["loop"] == 1
    assert told(made)["crosses_itself"] == 1
    lines = lines_of(made)
    assert lines["length_m"].sum() == pytest.approx(
        2 * np.pi * 3000 + 2050 + eight.length / EAST_M, rel=0.35
    )
    assert len(lines) == 3


def messy(rng: np.random.Generator) -> list[tuple[shapely.LineString, str | None]]:
    """A double track with bends and a gap, a branch, a ring and a nameless siding."""
    x = np.arange(0, 20_001, 250.0)
    up = [(a, 400 * np.sin(a / 3000)) for a in x]
    rows: list[tuple[shapely.LineString, str | None]] = []
    for side in (0.0, 8.0):
        points = [(a, b + side) for a, b in up]
        for first in range(0, len(points) - 1, 10):
            part = points[first : first + 11]
            if first != 40:
                rows.append((track(*part), "main"))
    rows.append((track(up[20], (up[20][0] + 900, up[20][1] + 300), (9000, 4000)), "branch"))
    at = np.linspace(0, 2 * np.pi, 40)
    ring = [(30_000 + 2000 * np.cos(a), 2000 * np.sin(a)) for a in at[:-1]]
    rows.append((track(*ring, ring[0]), "ring"))
    rows.append((track(up[30], (up[30][0] + 400, up[30][1] + 90)), None))
    return [rows[k] for k in rng.permutation(len(rows))]


def test_turning_every_way_round_changes_neither_ids_nor_route_length(tmp_path):
    rows = messy(np.random.default_rng(1))
    first = made_of(tmp_path, rows)
    turned = made_of(tmp_path, [(shapely.reverse(g), n) for g, n in rows])
    assert first.lines["line_id"].equals(turned.lines["line_id"])
    assert route_m(turned) == pytest.approx(route_m(first), abs=1.0)


def test_the_order_of_ways_changes_nothing_at_all(tmp_path):
    first = made_of(tmp_path, messy(np.random.default_rng(1)))
    again = made_of(tmp_path, messy(np.random.default_rng(2)))
    for name in ("lines", "segments", "structures"):
        assert getattr(first, name).equals(getattr(again, name))


def test_segments_of_every_line_add_up_to_it_whatever_its_shape(tmp_path):
    made = made_of(tmp_path, messy(np.random.default_rng(3)))
    lines = lines_of(made).set_index("line_id")
    sums = made.segments.drop_columns(["geometry"]).to_pandas().groupby("line_id")
    for column in ("length_m", "route_length_m"):
        assert np.abs(sums[column].sum() - lines[column]).max() < 1e-3
    assert (sums["to_m"].max() - lines["length_m"]).abs().max() < 1e-3
    assert lines["route_length_m"].sum() < lines["length_m"].sum()


def test_stations_and_posts_on_a_ring_stand_once_and_in_order(tmp_path):
    at = np.linspace(0, 2 * np.pi, 73)[:-1]
    ring = [(3000 * np.cos(a), 3000 * np.sin(a)) for a in at]
    around = 2 * np.pi * 3000
    where = [shapely.get_coordinates(track(ring[k], ring[k + 1]))[0] for k in (9, 27, 45, 63)]
    points = shapely.points(np.array(where))
    gpd.GeoDataFrame({"name": list("abcd")}, geometry=points, crs=4326).to_parquet(
        tmp_path / "stations.parquet"
    )
    figures = [
        f"K{int(s // 1000)}+{round(s % 1000):03d}"
        for s in around * np.array(at[[9, 27, 45, 63]]) / (2 * np.pi)
    ]
    table = pd.DataFrame(
        {"official": figures, "lon": [p[0] for p in where], "lat": [p[1] for p in where]}
    )
    table.to_csv(tmp_path / "posts.csv", index=False)
    made = made_of(
        tmp_path, [(track(*ring, ring[0]), "ring")], stations="stations.parquet",
        posts="posts.csv", datum="wgs84",
    )  # fmt: skip
    stations = made.stations.to_pandas().sort_values("chainage_m")
    assert len(stations) == 4
    order = "".join(stations["name"])
    assert order in "abcdabcd" or order in "dcbadcba"
    gaps = np.diff(stations["chainage_m"])
    np.testing.assert_allclose(gaps, around / 4, rtol=0.02)
    posts = made.posts.to_pandas()
    assert len(posts) == 4
    assert posts["stretch"].nunique() <= 2  # where the ring begins the count starts anew


def test_posts_that_run_backwards_are_a_count_and_one_that_falls_out_is_rejected(tmp_path):
    place = np.arange(500, 9500, 1000.0)
    figure = [f"K{int(20 - p // 1000)}+{500:03d}" for p in place]
    figure[4] = "K77+000"
    table = pd.DataFrame({"official": figure, "lon": 8 + place * EAST_M, "lat": 53.0})
    table.to_csv(tmp_path / "posts.csv", index=False)
    made = made_of(tmp_path, [(straight(0, 10_000), "A")], posts="posts.csv", datum="wgs84")
    assert told(made)["count_against_chainage"] == 1
    assert made.posts.num_rows == 8
    rejected = made.rejected.to_pylist()
    assert [(r["line"], r["reason"]) for r in rejected] == [(6, "post_does_not_fit")]
    assert "K77+000" in rejected[0]["detail"]
