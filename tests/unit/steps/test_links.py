"""Connecting tracks and other side tracks: travelled by the matcher, counted for no line."""

from typing import get_args

import geopandas as gpd
import numpy as np
import pytest
import shapely

from covermap.core.datum import from_wgs84
from covermap.core.lines.network import network_of
from covermap.steps.lines import read_lines
from covermap.steps.match import load_network, match_part
from covermap.store import Tables, write_table
from covermap.tables import LINK_KINDS, LINKS, TABLES
from covermap.workspace import Lines
from covermap.workspace.typed import LinkKind
from made_drives import CONFIG, road, rows, samples

FIELDS = {"class": "kind", "name": "name", "service": "service"}
COURSE = shapely.LineString(
    [(5000, 0), (5500, 30), (5800, 150), (6000, 400), (6900, 2560), (7150, 2850), (7500, 2975),
     (8000, 3000)]
)  # fmt: skip
"""From line A (along 0 north) to line B (along 3000 north), m."""
A = (road((0, 0), (5000, 0), (12_000, 0)), "rail", "甲线", None)
B = (road((0, 3000), (8000, 3000), (14_000, 3000)), "rail", "乙线", None)
LINK = (road(*COURSE.coords), "rail", "甲乙联络线", None)
BESIDE = (road((5830, -1000), (5860, 0), (6040, 400), (6940, 2560), (7130, 3400)), "rail", "丙线",
          None)  # fmt: skip
"""A line that runs about 37 m beside the connecting track, and over both lines."""
WORLD = [A, B, BESIDE]


def write(folder, ways, name="ways.parquet"):
    frame = gpd.GeoDataFrame(
        {c: [w[k] for w in ways] for k, c in ((1, "kind"), (2, "name"), (3, "service"))},
        geometry=[w[0] for w in ways], crs=4326,
    )  # fmt: skip
    frame.to_parquet(folder / name)


def read(folder, ways, **given):
    write(folder, ways)
    declaration = {"name": "lines", "files": ("ways.parquet",), "fields": FIELDS, **given}
    return read_lines(folder, (Lines(**declaration),))


def network(made):
    return network_of(made.lines, made.segments, made.stations, made.structures, made.links)


def told(made):
    return {r["problem"]: r for r in made.problems.to_pylist()}


def ride(step=25.0):
    """From line A over the connecting track to line B: metres, and where each sample is."""
    course = shapely.LineString([(1000, 0), *COURSE.coords, (12_000, 3000)])
    place = np.arange(0.0, course.length, step)
    xy = shapely.get_coordinates(course.interpolate(place))
    on = np.where(place < 4000, "A", np.where(place < 4000 + COURSE.length, "link", "B"))
    return [tuple(p) for p in xy], on


def train(points, **given):
    return samples(points, antenna="in-train", **given)


def test_a_train_that_changes_lines_is_placed_on_the_connecting_track(tmp_path):
    made = read(tmp_path, [*WORLD, LINK])
    points, on = ride()
    got = match_part(train(points), network(made), CONFIG)
    name = dict(zip(*(made.lines.column(c).to_pylist() for c in ("line_id", "name")), strict=True))
    link = made.links.to_pylist()[0]
    found = rows(got.matched)
    where = np.array([r.link_id or name.get(r.line_id, "none") for r in found])
    truth = np.select([on == "A", on == "B"], ["甲线", "乙线"], link["link_id"])
    # Where it leaves a line it is on either.
    joint = np.array([min(np.hypot(x - 5000, y), np.hypot(x - 8000, y - 3000)) for x, y in points])
    joint = joint < 200
    assert (where == truth)[~joint].all()
    assert set(where) == set(truth)
    for row, near in zip(found, joint, strict=True):
        if row.link_id is None:
            assert row.reason is None
        else:
            assert (row.line_id, row.segment, row.reason) == (None, None, "on_link")
            assert 0 <= row.chainage_m <= link["length_m"]
            assert row.basis == "gps"
            assert row.probability > (0.3 if near else 0.99)
            assert row.offset_m < 10
    assert {name[i] for i in got.evidence.column("line_id").to_pylist()} == {"甲线", "乙线"}
    assert sum(r.n for r in rows(got.evidence)) == sum(r.link_id is None for r in found)
    (problem,) = (p for p in got.problems if p.problem == "on_link")
    assert problem.count == sum(r.link_id is not None for r in found)
    assert problem.example == f"{link['link_id']}: {problem.count} samples"


def test_without_it_what_was_measured_there_goes_to_the_line_beside(tmp_path):
    """What links are for: remove the track from the inventory, and another line is credited."""
    made = read(tmp_path, WORLD)
    got = match_part(train(ride()[0]), network(made), CONFIG)
    name = dict(zip(*(made.lines.column(c).to_pylist() for c in ("line_id", "name")), strict=True))
    assert "丙线" in {name[i] for i in got.evidence.column("line_id").to_pylist()}


def test_samples_between_fixes_are_placed_on_the_connecting_track_too(tmp_path):
    made = read(tmp_path, [*WORLD, LINK])
    points, on = ride()
    middle = np.flatnonzero(on == "link")[40:80]
    held = [None if k in middle else p for k, p in enumerate(points)]
    basis = ["between_fixes" if p is None else "fix" for p in held]
    got = rows(match_part(train(held, position_basis=basis), network(made), CONFIG).matched)
    for k in middle:
        assert (got[k].basis, got[k].reason) == ("between_fixes", "on_link")
        assert got[k].line_id is None
        x, y = points[k]
        assert got[k].chainage_m == pytest.approx(
            COURSE.project(shapely.Point(x, y)), abs=60
        )  # fmt: skip


def test_lines_segments_and_stations_are_the_same_with_links_and_without(tmp_path):
    side = [
        LINK, (road((2000, 0), (2300, 40), (3000, 40)), "rail", None, "siding"),
        (road((9000, 0), (9600, 300)), "rail", None, "spur"),
    ]  # fmt: skip
    without, made = read(tmp_path, WORLD), read(tmp_path, [*WORLD, *side])
    assert made.links.num_rows == 3
    assert made.links.schema == LINKS.schema
    for table in ("lines", "segments", "stations", "structures", "posts"):
        assert getattr(made, table).equals(getattr(without, table)), table


def test_every_kind_of_side_track_is_told_with_its_length(tmp_path):
    side = [
        (road((1000, 0), (1500, 40), (2000, 40)), "rail", None, "siding"),
        (road((2000, 40), (2600, 300)), "rail", None, "yard"),
        (road((2000, 40), (2600, 200)), "rail", None, "Ladestraße"),
        (road((3000, 0), (3600, 200)), "rail", "甲厂专用线", None),
        LINK,
    ]  # fmt: skip
    made = read(tmp_path, [*WORLD, *side])
    kinds = sorted(made.links.column("kind").to_pylist())
    assert kinds == ["access", "connecting", "other", "siding", "yard"]
    problems = told(made)
    assert problems["service_track"]["count"] == 3
    assert problems["side_track_by_name"]["count"] == 2
    assert problems["side_track_to_match"]["count"] == 5
    km = made.links.column("length_m").to_numpy().sum() / 1000
    assert problems["side_track_to_match"]["example"] == f"{km:.1f} km"
    assert {p["action"] for p in problems.values()} == {"not counted"}


def test_only_the_kinds_that_are_asked_for_are_links_and_the_others_are_told(tmp_path):
    side = [LINK, (road((1000, 0), (1500, 40), (2000, 40)), "rail", None, "siding")]
    made = read(tmp_path, [*WORLD, *side], links=("connecting",))
    assert made.links.column("kind").to_pylist() == ["connecting"]
    problem = told(made)["side_track_not_asked_for"]
    assert (problem["count"], problem["action"]) == (1, "left aside")
    assert read(tmp_path, [*WORLD, *side], links=()).links.num_rows == 0
    assert read(tmp_path, [*WORLD, *side]).links.num_rows == 2


def test_the_kinds_that_can_be_declared_are_those_that_there_are():
    assert set(get_args(LinkKind)) == set(LINK_KINDS)


def test_a_connecting_track_between_two_sidings_is_not_one_from_a_line_to_itself(tmp_path):
    sidings = [
        (road((1000, 0), (1500, 40), (2500, 40)), "rail", None, "siding"),
        (road((5000, 0), (4500, 40), (3500, 90)), "rail", None, "siding"),
    ]
    between = (road((2500, 40), (3500, 90)), "rail", "场间联络线", None)
    made = read(tmp_path, [A, *sidings, between])
    assert made.links.num_rows == 3
    assert "connects_line_with_itself" not in told(made)


def test_a_track_that_nothing_leads_to_is_left_aside_and_told(tmp_path):
    made = read(tmp_path, [A, (road((2000, 300), (2600, 300)), "rail", None, "yard")])
    assert made.links.num_rows == 0
    problem = told(made)["side_track_joins_no_line"]
    assert (problem["count"], problem["action"], problem["example"]) == (1, "left aside", "0.6 km")


def test_a_crossover_between_the_tracks_of_one_line_is_left_aside_and_told(tmp_path):
    twin = (road((0, 5), (12_000, 5)), "rail", "甲线", None)
    ways = [A, twin, (road((4000, 0), (4090, 5)), "rail", None, "crossover")]
    made = read(tmp_path, ways)
    assert made.links.num_rows == 0
    assert told(made)["crossover_of_one_line"]["count"] == 1
    other = (road((0, 5), (12_000, 5)), "rail", "丁线", None)
    assert read(tmp_path, [A, other, ways[2]]).links.num_rows == 1


def test_a_connecting_track_from_a_line_back_to_it_is_kept_and_told(tmp_path):
    loop = (road((2000, 0), (2300, 60), (3700, 60), (4000, 0)), "rail", "甲线联络线", None)
    made = read(tmp_path, [A, loop])
    assert made.links.num_rows == 1
    assert told(made)["connects_line_with_itself"]["count"] == 1
    points = [(x, 0) for x in range(0, 6000, 25)]
    got = match_part(train(points), network(made), CONFIG)
    assert set(got.matched.column("reason").to_pylist()) == {None}


def test_a_very_long_connecting_track_is_told_by_name(tmp_path):
    long = (road((2000, 0), (4000, 500), (27_000, 500)), "rail", "机场联络线", None)
    longer = (road((3000, 0), (5000, -500), (35_000, -500)), "rail", "港口联络线", None)
    made = read(tmp_path, [A, long, longer])
    assert made.links.num_rows == 2
    problem = told(made)["long_connecting_track"]
    assert (problem["count"], problem["example"]) == (2, "港口联络线: 32.1 km")


def test_a_train_in_a_siding_is_not_on_the_line(tmp_path):
    siding = (road((3000, 0), (3200, 40), (4400, 40), (4600, 0)), "rail", None, "siding")
    made = read(tmp_path, [A, siding])
    into = shapely.LineString([(1000, 0), (3000, 0), (3200, 40), (4000, 40)])
    xy = shapely.get_coordinates(into.interpolate(np.arange(0.0, into.length, 20.0)))
    standing = [tuple(p) for p in xy] + [(4000 + k % 2, 40) for k in range(60)]
    found = rows(match_part(train(standing), network(made), CONFIG).matched)
    assert {r.reason for r in found[-60:]} == {"on_link"}
    assert {r.reason for r in found[:90]} == {None}


@pytest.mark.parametrize("antenna", ["in-car", "unknown"])
def test_who_is_on_a_road_is_never_on_a_connecting_track(tmp_path, antenna):
    way = (road((0, -300), (6000, 330), (6900, 2500), (9000, 4000)), "primary", "G1", None)
    net = network(read(tmp_path, [*WORLD, LINK, way]))
    got = match_part(samples(ride()[0], antenna=antenna), net, CONFIG)
    assert got.matched.column("link_id").null_count == got.matched.num_rows
    assert "on_link" not in set(got.matched.column("reason").to_pylist())


def test_slip_roads_are_links_of_the_class_that_they_are_named_after(tmp_path):
    ways = [
        (road((0, 0), (6000, 0)), "m", "A 1", None), (road((8000, -3000), (8000, 3000)), "t", "B",
         None), (road((4000, 0), (5000, 60), (7900, 900), (8000, 1200)), "m_link", None, None),
        (road((1000, 0), (1500, 900)), "other_link", None, None),
    ]  # fmt: skip
    classes = {"m": "motorway", "t": "trunk"}
    made = read(tmp_path, ways, classes=classes)
    link = made.links.to_pylist()
    assert [(r["class"], r["kind"]) for r in link] == [("motorway", "slip_road")]
    problems = told(made)
    assert (problems["slip_road"]["count"], problems["class_not_declared"]["count"]) == (1, 1)
    run = shapely.LineString([(1000, 0), (4000, 0), (5000, 60), (7900, 900), (8000, 1200),
                              (8000, 2800)])  # fmt: skip
    xy = shapely.get_coordinates(run.interpolate(np.arange(0.0, run.length, 25.0)))
    found = rows(match_part(samples([tuple(p) for p in xy]), network(made), CONFIG).matched)
    assert [r.reason for r in found].count("on_link") > 100
    assert {r.reason for r in found} == {None, "on_link"}
    # Declared, it is what it is declared as.
    declared = read(tmp_path, ways, classes={**classes, "m_link": "motorway"})
    assert (declared.links.num_rows, declared.lines.num_rows) == (0, 3)


def test_a_track_that_two_inputs_have_is_one_link(tmp_path):
    write(tmp_path, [A, LINK], "a.parquet")
    write(tmp_path, [B, LINK], "b.parquet")
    one, two = (Lines(name=n, files=(f"{n}.parquet",), fields=FIELDS) for n in ("a", "b"))
    made = read_lines(tmp_path, (one, two))
    assert (made.lines.num_rows, made.links.num_rows) == (2, 1)
    for entries in ((one,), (two,)):
        assert (
            read_lines(tmp_path, entries)
            .links.column("link_id")
            .equals(made.links.column("link_id"))
        )


def test_the_declared_datum_is_that_of_side_tracks_too(tmp_path):
    def moved(geometry):
        return shapely.transform(
            geometry, lambda xy: np.stack(from_wgs84(xy[:, 0], xy[:, 1], "gcj02"), axis=1)
        )

    plain = read(tmp_path, [*WORLD, LINK]).links.to_pylist()[0]
    write(tmp_path, [(moved(g), *r) for g, *r in [*WORLD, LINK]])
    frame = gpd.read_parquet(tmp_path / "ways.parquet").set_crs(None, allow_override=True)
    frame.to_parquet(tmp_path / "ways.parquet")
    entry = Lines(name="lines", files=("ways.parquet",), fields=FIELDS, datum="gcj02")
    back = read_lines(tmp_path, (entry,)).links.to_pylist()[0]
    a, b = (shapely.from_wkb(r["geometry"]) for r in (plain, back))
    assert shapely.hausdorff_distance(a, b) < 1e-6
    assert back["link_id"] == plain["link_id"]


def test_links_are_read_from_the_tables_of_a_build(tmp_path):
    made = read(tmp_path, [*WORLD, LINK])
    for name in ("lines", "segments", "stations", "structures", "links"):
        write_table(tmp_path / f"{name}.parquet", getattr(made, name), TABLES[name])
    loaded = load_network(Tables(tmp_path))
    assert loaded.lines == 3
    assert loaded.line_id.tolist() == network(made).line_id.tolist()
    assert loaded.line_id[3] == made.links.column("link_id")[0].as_py()
