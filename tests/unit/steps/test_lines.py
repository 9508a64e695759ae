from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod

from covermap.core.datum import from_wgs84
from covermap.errors import ConfigError
from covermap.steps.lines import read_lines
from covermap.tables import LINES, PROBLEMS, REJECTED, SEGMENTS, STATIONS
from covermap.workspace import Lines

GEOD = Geod(ellps="WGS84")
EAST_M = 1 / 66_900  # degrees of longitude a metre, about, at 53 N
NORTH_M = 1 / 111_280


def road(*points):
    """A line through points given in metres east and north of 8 E, 53 N."""
    return shapely.LineString([(8 + x * EAST_M, 53 + y * NORTH_M) for x, y in points])


def write(folder: Path, rows, name="ways.geojson", crs="EPSG:4326"):
    geometry = [r[0] for r in rows]
    columns = {k: [r[1].get(k) for r in rows] for k in sorted({k for r in rows for k in r[1]})}
    path = folder / name
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)
    if path.suffix == ".geojson":
        frame.to_file(path, driver="GeoJSON", engine="pyogrio", COORDINATE_PRECISION=15)
    else:
        frame.to_parquet(path)
    return path


def declare(**more):
    given = {
        "name": "roads",
        "files": ("ways.geojson",),
        "fields": {"class": "kind", "ref": "ref"},
        "classes": {"m": "motorway"},
    }
    return Lines(**{**given, **more})


TWO_WAYS = [
    (road((0, 0), (400, 0), (1000, 0)), {"kind": "m", "ref": "A 1"}),
    (road((1000, 0), (1500, 100), (2050, 200)), {"kind": "m", "ref": "A 1"}),
]


def problems(result):
    return {r["problem"]: r["count"] for r in result.problems.to_pylist()}


def test_ways_that_run_on_become_one_line_cut_every_hundred_metres(tmp_path):
    write(tmp_path, TWO_WAYS)
    made = read_lines(tmp_path, (declare(),))
    assert made.lines.num_rows == 1
    line = made.lines.to_pylist()[0]
    whole = shapely.from_wkb(line["geometry"])
    assert line["length_m"] == pytest.approx(GEOD.geometry_length(whole), abs=1e-6)
    assert line["ref"] == "A 1"
    assert line["oneway"] is None  # alone, it carries both directions
    sizes = made.segments.column("length_m").to_numpy()
    assert sizes.sum() == pytest.approx(line["length_m"], abs=1e-6)
    np.testing.assert_allclose(sizes[:-1], 100, atol=1e-6)


def test_every_table_has_its_schema(tmp_path):
    write(tmp_path, TWO_WAYS)
    made = read_lines(tmp_path, (declare(),))
    for data, table in (
        (made.lines, LINES),
        (made.segments, SEGMENTS),
        (made.stations, STATIONS),
        (made.rejected, REJECTED),
        (made.problems, PROBLEMS),
    ):
        assert data.schema == table.schema


def test_the_order_of_features_and_of_files_does_not_matter(tmp_path):
    write(tmp_path, TWO_WAYS, "a.parquet")
    write(tmp_path, TWO_WAYS[1:], "b.parquet")
    write(tmp_path, TWO_WAYS[:1], "c.parquet")
    write(tmp_path, TWO_WAYS[::-1], "d.parquet")
    results = [
        read_lines(tmp_path, (declare(files=files),))
        for files in (("a.parquet",), ("b.parquet", "c.parquet"), ("d.parquet",))
    ]
    for other in results[1:]:
        assert other.lines.equals(results[0].lines)
        assert other.segments.equals(results[0].segments)


def test_a_line_keeps_its_identity_when_drawn_the_other_way_and_chainage_runs_as_drawn(tmp_path):
    write(tmp_path, TWO_WAYS, "a.parquet")
    write(tmp_path, [(shapely.reverse(g), r) for g, r in TWO_WAYS], "b.parquet")
    one = read_lines(tmp_path, (declare(files=("a.parquet",)),))
    two = read_lines(tmp_path, (declare(files=("b.parquet",)),))
    assert one.lines.column("line_id").equals(two.lines.column("line_id"))
    first, last = (shapely.from_wkb(t.lines.column("geometry")[0].as_py()) for t in (one, two))
    assert first.coords[0] == TWO_WAYS[0][0].coords[0]
    assert last.coords[0] == TWO_WAYS[1][0].coords[-1]


def test_carriageways_have_chainages_in_one_direction_and_travel_in_two(tmp_path):
    rows = [
        (road((0, 0), (1000, 0), (2000, 0)), {"kind": "m", "ref": "A 1"}),
        (road((2000, 30), (1000, 30), (0, 30)), {"kind": "m", "ref": "A 1"}),
        (road((0, 900), (2000, 900)), {"kind": "m", "ref": "A 2"}),
    ]
    write(tmp_path, rows)
    made = read_lines(tmp_path, (declare(),)).lines.to_pylist()
    for line in made:
        assert shapely.from_wkb(line["geometry"]).coords[0][0] == pytest.approx(8.0)
    assert sorted(r["oneway"] for r in made if r["ref"] == "A 1") == [-1, 1]
    assert [r["oneway"] for r in made if r["ref"] == "A 2"] == [None]


def test_each_carriageway_of_a_pair_carries_half_the_route_and_the_single_part_carries_all(
    tmp_path,
):
    rows = [
        (road((0, 0), (2000, 0)), {"kind": "m", "ref": "A 1"}),
        (road((1000, 40), (0, 40)), {"kind": "m", "ref": "A 1"}),
    ]
    write(tmp_path, rows)
    made = read_lines(tmp_path, (declare(),))
    route = made.lines.column("route_length_m").to_numpy().sum()
    assert made.lines.num_rows == 2
    assert route == pytest.approx(2000, rel=0.06)
    assert (made.segments.column("route_length_m").to_numpy() > 0).all()
    shares = np.divide(
        made.segments.column("route_length_m").to_numpy(),
        made.segments.column("length_m").to_numpy(),
    )
    assert set(np.round(shares, 6)) == {0.5, 1.0}


def test_parallel_roads_of_other_numbers_do_not_share_their_length(tmp_path):
    rows = [
        (road((0, 0), (2000, 0)), {"kind": "m", "ref": "A 1"}),
        (road((2000, 40), (0, 40)), {"kind": "m", "ref": "A 7"}),
    ]
    write(tmp_path, rows)
    made = read_lines(tmp_path, (declare(),))
    assert made.lines.column("route_length_m").equals(made.lines.column("length_m"))


def zigzag(y, x0=0.0, x1=60_000.0, every=1000.0, high=300.0):
    """A road that no generalisation to less than 300 m could have left vertices out of."""
    at = np.arange(x0, x1, every)
    return [(x, y + high * (k % 2)) for k, x in enumerate(at)]


@pytest.mark.parametrize(
    ("reverse", "fields", "share"),
    [(True, {}, 0.5), (False, {}, 1.0), (True, {"kind": "p"}, 1.0), (True, {"ref": "S 9"}, 1.0)],
)
def test_on_a_coarse_drawing_carriageways_are_farther_apart_but_not_roads(
    tmp_path, reverse, fields, share
):
    """Opposite and unnamed: one road. Same way, of another class, or of two numbers: two."""
    plain = {"kind": "t", "ref": "S 1" if "ref" in fields else None}
    other = zigzag(220)
    rows = [
        (road(*zigzag(0)), plain),
        (road(*(other[::-1] if reverse else other)), {**plain, **fields}),
        (road(*zigzag(9000)), {**plain, "ref": "S 4"}),
    ]
    write(tmp_path, rows)
    made = read_lines(tmp_path, (declare(classes={"t": "primary", "p": "trunk"}),))
    lines = made.lines.to_pandas()
    pair = lines[lines["ref"] != "S 4"]
    got = pair["route_length_m"].sum() / pair["length_m"].sum()
    assert got == pytest.approx(share, abs=0.02)


def test_on_a_fine_drawing_roads_a_hundred_and_fifty_metres_apart_are_two(tmp_path):
    fine = [(x, 5 * np.sin(x / 300)) for x in np.arange(0, 30_000, 50.0)]
    rows = [
        (road(*fine), {"kind": "t", "ref": None}),
        (road(*[(x, y + 150) for x, y in fine][::-1]), {"kind": "t", "ref": None}),
    ]
    write(tmp_path, rows)
    made = read_lines(tmp_path, (declare(classes={"t": "primary"}),))
    assert made.lines["route_length_m"].to_numpy().sum() == pytest.approx(60_000, rel=0.01)


def test_yards_undeclared_classes_and_missing_classes_are_left_aside_and_counted(tmp_path):
    rows = [
        *TWO_WAYS,
        (road((0, 500), (900, 500)), {"kind": "m", "ref": "A 1", "service": "yard"}),
        (road((0, 600), (900, 600)), {"kind": "x", "ref": "A 1"}),
        (road((0, 700), (900, 700)), {"ref": "A 1"}),
    ]
    write(tmp_path, rows)
    fields = {"class": "kind", "ref": "ref", "service": "service"}
    made = read_lines(tmp_path, (declare(fields=fields),))
    assert made.lines.num_rows == 1
    assert problems(made) == {"service_track": 1, "class_not_declared": 1, "class_missing": 1}


def test_what_is_no_line_or_has_no_length_is_rejected_with_its_number(tmp_path):
    rows = [
        *TWO_WAYS,
        (shapely.Point(8, 53), {"kind": "m"}),
        (shapely.LineString([(8, 53), (8, 53)]), {"kind": "m"}),
        (None, {"kind": "m"}),
    ]
    write(tmp_path, rows, "ways.parquet")
    made = read_lines(tmp_path, (declare(files=("ways.parquet",)),))
    got = {r["line"]: r["reason"] for r in made.rejected.to_pylist()}
    assert got == {3: "no_geometry", 4: "zero_length", 5: "no_geometry"}
    assert made.lines.num_rows == 1


def test_a_way_drawn_twice_counts_once_but_its_reverse_is_the_other_carriageway(tmp_path):
    way = TWO_WAYS[0]
    write(tmp_path, [way, way, (shapely.reverse(way[0]), way[1])])
    made = read_lines(tmp_path, (declare(),))
    assert problems(made)["duplicate_way"] == 1
    assert made.lines.num_rows == 2
    assert len(set(made.lines.column("line_id").to_pylist())) == 2
    assert made.lines.column("route_length_m").to_numpy().sum() == pytest.approx(
        made.lines.column("length_m")[0].as_py()
    )


def test_the_tunnel_attribute_is_kept_where_most_of_a_segment_is_in_the_tunnel(tmp_path):
    rows = [
        (road((0, 0), (1000, 0)), {"kind": "m", "ref": "A 1", "brunnel": None}),
        (road((1000, 0), (1250, 0)), {"kind": "m", "ref": "A 1", "brunnel": "tunnel"}),
        (road((1250, 0), (2000, 0)), {"kind": "m", "ref": "A 1", "brunnel": "bridge"}),
    ]
    fields = {"class": "kind", "ref": "ref", "tunnel": "brunnel"}
    back = [(shapely.reverse(g), r) for g, r in rows]
    other = (road((0, 40), (2000, 40)), {"kind": "m", "ref": "A 1", "brunnel": None})
    for drawn in (rows, back, [*back, other]):
        write(tmp_path, drawn)
        made = read_lines(tmp_path, (declare(fields=fields),))
        inside = [s for s in made.segments.to_pylist() if s["tunnel"]]
        middles = [shapely.from_wkb(s["geometry"]).centroid for s in inside]
        assert len(inside) in (2, 3)
        assert all(990 < (m.x - 8) / EAST_M < 1260 for m in middles)
        assert all(m.y < 53 + 20 * NORTH_M for m in middles)


def test_without_a_tunnel_attribute_tunnels_are_not_known(tmp_path):
    write(tmp_path, TWO_WAYS)
    made = read_lines(tmp_path, (declare(),))
    assert made.segments.column("tunnel").null_count == made.segments.num_rows


def test_unnamed_ways_take_the_name_beside_them_and_along_their_course(tmp_path):
    ways = [
        (road((0, 0), (1000, 0)), {"kind": "m"}),
        (road((1000, 0), (2000, 0)), {"kind": "m"}),
        (road((0, 5000), (1000, 5000)), {"kind": "m"}),
        (road((500, -800), (500, 800)), {"kind": "m"}),
    ]
    write(tmp_path, ways, "ways.geojson")
    write(tmp_path, [(road((-100, 60), (1100, 50)), {"ref": "A 27"})], "names.geojson")
    declaration = declare(fields={"class": "kind"}, names_from="names.geojson")
    made = read_lines(tmp_path, (declaration,))
    named = [r for r in made.lines.to_pylist() if r["ref"] == "A 27"]
    assert len(named) == 1
    assert named[0]["length_m"] == pytest.approx(2000, rel=0.01)
    assert problems(made)["name_carried_along"] == 1
    only = read_lines(tmp_path, (declaration.model_copy(update={"only_refs": ("A 27",)}),))
    assert only.lines.num_rows == 1
    assert problems(only)["other_ref"] == 2


def test_a_ref_that_no_line_has_is_an_error_that_names_those_there_are(tmp_path):
    write(tmp_path, TWO_WAYS)
    with pytest.raises(ConfigError, match=r"no line has ref 'A1'. There are: A 1"):
        read_lines(tmp_path, (declare(only_refs=("A1",)),))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fields": {"class": "kind", "number": "ref"}}, "no field 'number'"),
        ({"fields": {"class": "type"}}, "no attribute 'type' for class|class: no attribute 'type'"),
        ({"fields": {}, "classes": {}}, "the class is not known"),
        ({"segment_m": 0.0}, "below 1 m"),
    ],
)
def test_a_wrong_declaration_is_an_error_that_says_what_to_write(tmp_path, change, message):
    write(tmp_path, TWO_WAYS)
    with pytest.raises(ConfigError, match=message):
        read_lines(tmp_path, (declare(**change),))


def test_the_same_lines_declared_twice_are_an_error(tmp_path):
    write(tmp_path, TWO_WAYS)
    with pytest.raises(ConfigError, match="1 lines are in both"):
        read_lines(tmp_path, (declare(), declare(name="again")))


def test_stations_near_a_line_get_their_chainage_and_others_are_counted(tmp_path):
    rows = [(road((0, 0), (3000, 0)), {"kind": "m", "ref": "L1"})]
    write(tmp_path, rows)
    stations = [
        (shapely.Point(*road((1000, 120), (0, 0)).coords[0]), {"name": "East"}),
        (shapely.Point(*road((1000, 900), (0, 0)).coords[0]), {"name": "Far"}),
        (shapely.Point(*road((10, 10), (0, 0)).coords[0]), {"name": None}),
    ]
    write(tmp_path, stations, "stations.geojson")
    made = read_lines(tmp_path, (declare(stations="stations.geojson", line_class="metro",
                                         fields={}, classes={}),))  # fmt: skip
    got = made.stations.to_pylist()
    assert [s["name"] for s in got] == ["East"]
    assert got[0]["chainage_m"] == pytest.approx(1000, rel=0.01)
    assert problems(made) == {"station_off_the_lines": 1, "station_without_name": 1}
    assert made.lines.column("segment_m").to_pylist() == [50.0]


def test_the_declared_datum_is_that_of_the_stations_too(tmp_path):
    course = shapely.LineString([(121.40, 31.2), (121.50, 31.2)])
    stop = shapely.Point(121.45, 31.2)
    x, y = from_wgs84(np.array([121.40, 121.50, 121.45]), np.full(3, 31.2), "gcj02")
    gcj = shapely.LineString(np.c_[x[:2], y[:2]])
    declaration = declare(fields={}, classes={}, line_class="metro", stations="stations.geojson")
    write(tmp_path, [(course, {"kind": "m"})])
    write(tmp_path, [(stop, {"name": "Mid"})], "stations.geojson")
    plain = read_lines(tmp_path, (declaration,)).stations.to_pylist()[0]
    write(tmp_path, [(gcj, {"kind": "m"})])
    write(tmp_path, [(shapely.Point(x[2], y[2]), {"name": "Mid"})], "stations.geojson")
    declaration = declaration.model_copy(update={"datum": "gcj02"})
    shifted = read_lines(tmp_path, (declaration,)).stations.to_pylist()[0]
    assert shifted["chainage_m"] == pytest.approx(plain["chainage_m"], abs=0.01)


def test_a_line_across_the_antimeridian_is_split_there(tmp_path):
    write(tmp_path, [(shapely.LineString([(179.9, 10), (-179.9, 10.1)]), {"kind": "m"})])
    made = read_lines(tmp_path, (declare(fields={"class": "kind"}),))
    assert problems(made)["crosses_antimeridian"] == 1
    assert made.lines.num_rows == 2
    assert made.lines.column("length_m").to_numpy().sum() == pytest.approx(
        GEOD.inv(179.9, 10, -179.9, 10.1)[2], rel=1e-3
    )


def test_loops_and_lines_that_cross_themselves_are_kept_and_counted(tmp_path):
    rows = [
        (road((0, 0), (500, 0), (500, 500), (0, 500), (0, 0)), {"kind": "m", "ref": "ring"}),
        (road((0, 2000), (500, 2500), (500, 2000), (0, 2500)), {"kind": "m", "ref": "knot"}),
    ]
    write(tmp_path, rows)
    made = read_lines(tmp_path, (declare(),))
    assert problems(made) == {"loop": 1, "crosses_itself": 1}
    assert made.lines.num_rows == 2


def test_no_declarations_make_empty_tables():
    made = read_lines(Path(), ())
    assert made.lines.num_rows == made.segments.num_rows == 0


@pytest.mark.parametrize("more", [{}, {"names_from": "names.geojson"}])
def test_an_input_of_which_nothing_can_be_used_makes_no_lines_and_says_why(tmp_path, more):
    write(tmp_path, [(TWO_WAYS[0][0], {"kind": "x", "ref": "A 1"})])
    write(tmp_path, [(TWO_WAYS[0][0], {"ref": "A 1"})], "names.geojson")
    write(tmp_path, [(shapely.Point(8, 53), {"name": "East"})], "stations.geojson")
    made = read_lines(tmp_path, (declare(stations="stations.geojson", **more),))
    assert made.lines.num_rows == made.segments.num_rows == made.stations.num_rows == 0
    assert problems(made)["class_not_declared"] == 1


@pytest.mark.parametrize(("line_class", "share"), [("rail", 0.5), ("metro", 0.5), ("trunk", 0.69)])
def test_tracks_that_part_and_meet_again_count_once_and_carriageways_do_not(
    tmp_path, line_class, share
):
    """Apart by 400 m for a third of the way: roads that far apart serve places of their own."""
    both = [
        road(*[(x, side * y) for x, y in
               ((0, 4), (5000, 4), (5300, 200), (9700, 200), (10_000, 4), (13_000, 4))])
        for side in (1, -1)
    ]  # fmt: skip
    write(tmp_path, [(both[0], {"ref": "A 1"}), (shapely.reverse(both[1]), {"ref": "A 1"})])
    made = read_lines(tmp_path, (declare(fields={"ref": "ref"}, line_class=line_class),))
    course, route = (made.lines.column(c).to_numpy().sum() for c in ("length_m", "route_length_m"))
    assert route / course == pytest.approx(share, abs=0.01)
