import numpy as np
import pyarrow.compute as pc
import pytest
import shapely

from covermap.core.datum import from_wgs84
from covermap.core.lines.network import network_of
from covermap.steps.match import load_network, match_part
from covermap.store import Tables, write_table
from covermap.tables import LINES, MATCHED, SEGMENT_EVIDENCE, SEGMENTS, STATIONS
from covermap.workspace import Config, Matching, Positions
from made_drives import CONFIG, ONE_ROAD, at, drive, network, road, rows, samples


def test_a_drive_is_placed_with_chainage_segment_and_direction(tmp_path):
    made, net = network(tmp_path, ONE_ROAD)
    got = match_part(samples(drive(0, 2000, 8)), net, CONFIG)
    assert got.matched.schema == MATCHED.schema
    assert got.evidence.schema == SEGMENT_EVIDENCE.schema
    line_id = made.lines.column("line_id")[0].as_py()
    for k, row in enumerate(rows(got.matched)):
        assert row.line_id == line_id
        assert row.chainage_m == pytest.approx(25 * k, rel=0.01, abs=0.5)
        assert row.segment == int(row.chainage_m // 100)
        assert row.offset_m == pytest.approx(8, abs=0.2)  # the geodesic sags from the parallel
        assert row.direction == 1
        assert row.reason is None
    back = match_part(samples(drive(2000, 0, 8)), net, CONFIG)
    assert set(back.matched.column("direction").to_pylist()) == {-1}


def test_evidence_counts_every_matched_sample_and_only_driven_segments(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    got = match_part(samples(drive(500, 1500, 8)), net, CONFIG)
    assert sum(got.evidence.column("n").to_pylist()) == 40
    driven = set(got.evidence.column("segment").to_pylist())
    assert driven <= set(range(4, 16))
    assert {r.rsrp_bin for r in rows(got.evidence)} == {-90}
    assert {r.campaign for r in rows(got.evidence)} == {"drive"}


def test_no_service_is_evidence_of_its_own_technology(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    points = drive(0, 1000, 0)
    got = match_part(samples(points, service=False, technology="none", rsrp_dbm=None), net, CONFIG)
    assert {r.technology for r in rows(got.evidence)} == {"none"}
    assert sum(r.n for r in rows(got.evidence)) == len(points)


def test_every_sample_of_the_part_is_in_matched_with_a_reason_if_on_no_line(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    points = [*drive(0, 500, 0), *drive(500, 1000, 0), (1000, 500), (1025, 900), None]
    got = match_part(samples(points), net, CONFIG)
    assert got.matched.num_rows == len(points)
    reasons = got.matched.column("reason").to_pylist()
    assert [r for r in reasons if r] == ["too_far", "too_far", "no_position"]
    lines = got.matched.column("line_id").to_pylist()
    assert [line is None for line in lines] == [r is not None for r in reasons]


def test_a_position_known_too_badly_is_not_used(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    data = samples(drive(0, 1000, 0), position_error_m=80.0)
    assert set(match_part(data, net, CONFIG).matched.column("reason").to_pylist()) == {
        "no_position"
    }
    wide = Config(positions=Positions(max_error_m=100))
    assert match_part(data, net, wide).matched.column("reason").null_count == data.num_rows


def test_a_line_that_is_only_crossed_or_stood_beside_gets_nothing(tmp_path):
    crossing = [*ONE_ROAD, (road((1000, -2000), (1600, 2000)), "primary", "G2")]
    made, net = network(tmp_path, crossing)
    names = dict(
        zip(
            made.lines.column("line_id").to_pylist(),
            made.lines.column("ref").to_pylist(),
            strict=True,
        )
    )
    got = match_part(samples(drive(0, 2500, 0)), net, CONFIG)
    assert {names[i] for i in got.matched.column("line_id").to_pylist()} == {"G1"}
    standing = match_part(samples([(300 + k % 2, 10) for k in range(30)]), net, CONFIG)
    assert set(standing.matched.column("reason").to_pylist()) == {"not_travelled"}
    assert standing.evidence.num_rows == 0


def test_a_road_that_winds_beside_a_line_is_not_on_it(tmp_path):
    """Hairpins within the declared distance for 3 km: never along the line for long."""
    _, net = network(tmp_path, ONE_ROAD)
    wide = Config(matching=Matching(max_distance_m=200.0))
    hairpins = [(k * 60, 160 * (1 if k % 2 else -1)) for k in range(50)]
    course = shapely.LineString(hairpins)
    xy = shapely.get_coordinates(course.interpolate(np.arange(0, course.length, 12.0)))
    got = match_part(samples([tuple(p) for p in xy]), net, wide)
    assert set(got.matched.column("reason").to_pylist()) <= {"heading", "not_travelled"}
    assert got.evidence.num_rows == 0


def test_against_the_direction_of_a_carriageway_nothing_is_credited(tmp_path):
    """A carriageway whose other is 400 m off; the run turns round on it, or comes against it."""
    pair = [
        (road((0, 0), (5000, 0)), "motorway", "G2"),
        (road((5000, 24), (0, 24)), "motorway", "G2"),
    ]
    made, _ = network(tmp_path, pair)
    only = made.lines.filter(pc.equal(made.lines.column("oneway"), 1))
    pieces = made.segments.filter(
        pc.equal(made.segments.column("line_id"), only.column("line_id")[0])
    )
    net = network_of(only, pieces, made.stations)
    there, back = drive(500, 2500, 0, 12), drive(2500, 1000, 0, 12)
    found = rows(match_part(samples([*there, *back]), net, CONFIG).matched)
    assert {r.reason for r in found[:160]} == {None}
    assert sum(r.reason is None for r in found[len(there) + 8 :]) == 0
    assert match_part(samples(back), net, CONFIG).evidence.num_rows == 0


def test_parallel_carriageways_do_not_flip_and_the_way_back_is_on_the_other(tmp_path):
    pair = [
        (road((0, 0), (3000, 0)), "motorway", "G2"),
        (road((3000, 24), (0, 24)), "motorway", "G2"),
    ]
    made, net = network(tmp_path, pair)
    oneway = dict(
        zip(
            made.lines.column("line_id").to_pylist(),
            made.lines.column("oneway").to_pylist(),
            strict=True,
        )
    )
    wobble = np.random.default_rng(0).normal(12, 6, 100)
    out = samples([(25 * k, wobble[k]) for k in range(4, 100)])
    got = rows(match_part(out, net, CONFIG).matched)
    assert {(oneway[r.line_id], r.direction) for r in got} == {(1, 1)}
    back = samples([(2500 - 25 * k, wobble[k]) for k in range(100)])
    got = rows(match_part(back, net, CONFIG).matched)
    assert {(oneway[r.line_id], r.direction) for r in got} == {(-1, -1)}


@pytest.mark.parametrize(("other", "counted"), [("京沪线", True), ("沪昆线", False)])
def test_a_train_on_one_of_two_tracks_counts_where_both_are_of_its_line(tmp_path, other, counted):
    """Tracks 4 m apart: nobody can tell on which, but on which line, if both are of one."""
    tracks = [(road((0, 0), (3000, 0)), "rail", "京沪线"), (road((0, 4), (3000, 4)), "rail", other)]
    _, net = network(tmp_path, tracks)
    points = [(30 * k, 2.0) for k in range(90)]
    got = match_part(samples(points, antenna="in-train"), net, CONFIG)
    probability = got.matched.column("probability").to_numpy()
    assert (probability < 0.9).all()
    assert sum(got.evidence.column("n").to_pylist()) == (len(points) if counted else 0)
    lower = Config(matching=Matching(min_probability=0.4))
    every = match_part(samples(points, antenna="in-train"), net, lower)
    assert sum(every.evidence.column("n").to_pylist()) == len(points)


@pytest.mark.parametrize(
    ("antenna", "source", "expected"),
    [
        ("in-train", "drive", {"rail"}),
        ("in-car", "drive", {"road"}),
        ("unknown", "drive", {"road"}),
        ("fixed", "probe", {None}),
    ],
)
def test_what_lies_on_roads_and_what_on_railways(tmp_path, antenna, source, expected):
    both = [
        (road((0, 0), (3000, 0)), "primary", "road"),
        (road((0, 5), (3000, 5)), "rail", "rail"),
    ]
    made, net = network(tmp_path, both)
    names = dict(
        zip(
            made.lines.column("line_id").to_pylist(),
            made.lines.column("ref").to_pylist(),
            strict=True,
        )
    )
    data = samples(drive(0, 2000, 2), antenna=antenna, source=source)
    got = match_part(data, net, CONFIG).matched
    assert {names.get(i) for i in got.column("line_id").to_pylist()} == expected
    if None in expected:
        assert set(got.column("reason").to_pylist()) == {"class"}


def test_without_any_road_samples_of_an_unknown_antenna_lie_on_railways(tmp_path):
    _, net = network(tmp_path, [(road((0, 0), (3000, 0)), "rail", "L")])
    got = match_part(samples(drive(0, 2000, 2), antenna="unknown"), net, CONFIG)
    assert got.matched.column("line_id").null_count == 0


def test_a_bag_of_points_is_matched_point_by_point_and_says_so(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    points = [(2000, 5), (100, 5), (900, 600), (1405, -5)]
    got = match_part(samples(points, time=None, period="undated"), net, CONFIG)
    assert [r.reason for r in rows(got.matched)] == [None, None, "too_far", None]
    assert {r.direction for r in rows(got.matched)} == {0, None}
    assert [(p.problem, p.count) for p in got.problems] == [("matched_point_by_point", 4)]


def test_a_reported_heading_counts_where_positions_show_none(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    data = samples([(500, 5), (900, 5)], time=None, heading_deg=[90.0, 0.0])
    got = match_part(data, net, CONFIG).matched.column("reason").to_pylist()
    assert got == [None, "heading"]


METRO = [(road((0, 0), (6000, 0)), "metro", "2")]
STOPS = [("人民广场", 500, 20), ("陆家嘴", 2500, -20), ("世纪大道", 5000, 0)]


def metro_run(marks, n=41):
    stamped = [marks.get(k) for k in range(n)]
    times = [1_700_000_000_000 + 15_000 * k for k in range(n)]
    return samples([None] * n, mark=stamped, antenna="in-train", time=times)


def test_a_run_without_positions_is_placed_between_its_station_marks(tmp_path):
    _, net = network(tmp_path, METRO, STOPS)
    got = match_part(metro_run({5: "世纪大道站", 15: "陆家嘴站", 25: "人民广场站"}), net, CONFIG)
    found = rows(got.matched)
    assert [r.reason for r in found[:5]] == ["outside_marks"] * 5
    assert [r.reason for r in found[26:]] == ["outside_marks"] * 15
    assert found[10].chainage_m == pytest.approx(3750, abs=300)
    assert found[20].chainage_m == pytest.approx(1650, abs=300)
    assert {r.direction for r in found[5:26]} == {-1}
    assert found[10].segment == int(found[10].chainage_m // 50)
    assert {(r.basis, r.probability) for r in found[5:26]} == {("mark", 1.0)}
    assert found[15].position_error_m < found[10].position_error_m < 200
    assert 18 < sum(r.n for r in rows(got.evidence)) <= 21


def test_marks_that_fit_no_line_say_so_and_place_nothing(tmp_path):
    _, net = network(tmp_path, METRO, STOPS)
    got = match_part(metro_run({5: "Nowhere", 20: "Elsewhere"}), net, CONFIG)
    assert set(got.matched.column("reason").to_pylist()) == {"no_line_for_marks"}
    assert [p.problem for p in got.problems] == ["no_line_for_marks"]


def test_an_unknown_mark_is_counted(tmp_path):
    _, net = network(tmp_path, METRO, STOPS)
    got = match_part(
        metro_run({5: "人民广场", 9: "脱轨站", 15: "陆家嘴", 30: "世纪大道"}), net, CONFIG
    )
    assert [(p.problem, p.count, p.example) for p in got.problems] == [
        ("unknown_mark", 1, "drive/1: 脱轨站")
    ]


def test_a_place_between_marks_that_is_known_too_badly_is_kept_but_is_no_evidence(tmp_path):
    _, net = network(tmp_path, METRO, STOPS)
    run = metro_run({5: "世纪大道", 15: "陆家嘴", 35: "人民广场"})
    strict = Config(matching=Matching(max_mark_error_m=30.0))
    got = match_part(run, net, strict)
    assert sum(r.line_id is not None for r in rows(got.matched)) == 31
    assert 0 < sum(r.n for r in rows(got.evidence)) < 31


def test_gcj02_read_as_wgs84_is_named_with_the_figures(tmp_path):
    _, net = network(tmp_path, [(road((0, 0), (30000, 0), (30000, 30000)), "primary", "G1")])
    points = drive(0, 20000, 3, 100)
    lon, lat = (np.array(v) for v in zip(*(at(*p) for p in points), strict=True))
    x, y = from_wgs84(lon, lat, "gcj02")
    shifted = samples(points, lon=x.tolist(), lat=y.tolist())
    problems = match_part(shifted, net, CONFIG).problems
    assert [p.problem for p in problems] == ["likely_gcj02"]
    assert "read as GCJ-02" in problems[0].example
    assert match_part(samples(points), net, CONFIG).problems == []


def test_the_network_of_a_build_is_read_from_its_tables(tmp_path):
    made, net = network(tmp_path, METRO, STOPS)
    for data, table in ((made.lines, LINES), (made.segments, SEGMENTS), (made.stations, STATIONS)):
        write_table(tmp_path / "build" / f"{table.name}.parquet", data, table)
    loaded = load_network(Tables(tmp_path / "build"))
    assert loaded.line_id.tolist() == net.line_id.tolist()
    np.testing.assert_array_equal(loaded.graph.from_m, net.graph.from_m)
    assert loaded.stations.equals(net.stations)


def test_without_lines_every_sample_is_too_far(tmp_path):
    net = load_network(Tables(tmp_path))
    got = match_part(samples(drive(0, 100, 0)), net, CONFIG)
    assert set(got.matched.column("reason").to_pylist()) == {"too_far"}
    assert got.evidence.num_rows == 0


def test_no_samples_make_empty_tables(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    got = match_part(samples([]), net, CONFIG)
    assert got.matched.num_rows == got.evidence.num_rows == 0
