"""Laws of placing samples on lines: over random drives on a small town with gaps and loops."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely
import shapely.ops
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.geodesy import chainages_m
from covermap.core.lines.network import Network, network_of
from covermap.core.lines.segments import cut_lines
from covermap.steps.match import match_part
from covermap.tables import LINES, SEGMENTS, STATIONS, conform, empty
from covermap.workspace import Config
from made_drives import EAST_M, LAT, LON, NORTH_M, road, samples

CONFIG = Config()
WIDTH = 600.0
"""Streets of the town lie so far apart, m."""


def town() -> list[shapely.LineString]:
    """Make four streets each way (one with a gap of 300 m), a loop, and a flyover."""
    side = 3 * WIDTH
    streets = [[(0, k * WIDTH), (side, k * WIDTH)] for k in range(4)]
    streets += [[(k * WIDTH, 0), (k * WIDTH, side)] for k in (0, 1, 3)]
    streets += [[(2 * WIDTH, 0), (2 * WIDTH, 700)], [(2 * WIDTH, 1000), (2 * WIDTH, side)]]
    angle = np.linspace(0, 2 * np.pi, 25)
    ring = np.c_[2400 + 400 * np.cos(angle), 900 + 400 * np.sin(angle)]
    streets.append([(1800, 900), *map(tuple, ring[12:]), *map(tuple, ring[1:13])])
    streets.append([(-200, 300), (2000, 1500)])
    return [road(*s) for s in streets]


def lines_network(geometry: list[shapely.LineString]) -> Network:
    """Make a network of lines as they are drawn, without an inventory."""
    shapes = np.array(geometry, object)
    cut = cut_lines(shapes, np.full(len(shapes), 100.0))
    ids = np.array([f"line-{k:02d}" for k in range(len(shapes))])
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    ends = np.flatnonzero(np.r_[owner[1:] != owner[:-1], True])
    lines = {
        "line_id": ids, "class": ["primary"] * len(ids), "geometry": shapely.to_wkb(shapes),
        "length_m": chainages_m(xy[:, 0], xy[:, 1], owner)[ends], "input": ["town"] * len(ids),
        "segment_m": [100.0] * len(ids), "simulated": [True] * len(ids),
    }  # fmt: skip
    segments = {
        "line_id": ids[cut.line], "segment": cut.segment, "from_m": cut.from_m, "to_m": cut.to_m,
        "length_m": cut.length_m, "geometry": shapely.to_wkb(cut.geometry),
    }  # fmt: skip
    for table in (lines, segments):
        table["route_length_m"] = table["length_m"]
    return network_of(
        conform(pa.table(lines), LINES), conform(pa.table(segments), SEGMENTS), empty(STATIONS)
    )


NETWORK = lines_network(town())
REVERSED = lines_network([shapely.reverse(g) for g in town()])


RECIPES = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(2, 9), st.booleans(), st.integers(0, 3)
)  # fmt: skip


def drive_of(recipe):
    """Truth (m east, north, each second) and positions: off the streets at times, with outages.

    Outages are shorter than a block: which way round one an unseen run went nobody can know.
    """
    seed, legs, away, outages = recipe
    source = np.random.default_rng(seed)
    corner = source.integers(0, 4, 2)
    places, way = [corner * WIDTH], None
    for _ in range(legs):
        turn = source.permutation(4)
        for k in turn:
            step = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)][k])
            there = corner + step
            if (there >= 0).all() and (there < 4).all() and (way is None or k != (way + 2) % 4):
                corner, way = there, k
                places.append(corner * WIDTH)
                break
    if away:  # over the fields
        places.append(places[-1] + source.uniform(-900, 900, 2))
    course = shapely.LineString(places)
    speed = source.uniform(6, 18)
    truth = shapely.get_coordinates(
        shapely.line_interpolate_point(course, np.arange(0.0, course.length, speed))
    )
    points = [tuple(p) for p in truth + source.normal(0.0, 4.0, truth.shape)]
    for _ in range(outages):
        first, n = source.integers(0, len(points)), source.integers(1, 15)
        points[first : first + n] = [None] * len(points[first : first + n])
    return truth, points


def placed_xy(network: Network, found) -> np.ndarray:
    """Metres east and north of matched samples; NaN on no line."""
    number = {name: k for k, name in enumerate(network.line_id)}
    shapes = town()
    made = np.full((len(found), 2), np.nan)
    for k, r in enumerate(found):
        if r["line_id"] is None:
            continue
        line = number[r["line_id"]]
        shape = shapes[line] if network is NETWORK else shapely.reverse(shapes[line])
        share = r["chainage_m"] / network.length_m[line]
        x, y = shapely.get_coordinates(shape.interpolate(share, normalized=True))[0]
        made[k] = (x - LON) / EAST_M, (y - LAT) / NORTH_M
    return made


@settings(max_examples=60)
@given(RECIPES)
def test_every_sample_is_on_a_line_or_has_one_reason(recipe):
    _, points = drive_of(recipe)
    found = match_part(samples(points), NETWORK, CONFIG).matched.to_pylist()
    assert len(found) == len(points)
    assert all((r["line_id"] is None) == (r["reason"] is not None) for r in found)
    for r in found:
        own = (r["chainage_m"], r["probability"], r["position_error_m"], r["segment"])
        assert all((v is None) == (r["line_id"] is None) for v in own)
        if r["line_id"] is not None:
            assert 0.0 <= r["probability"] + (r["other_probability"] or 0.0) <= 1.0 + 1e-9


@settings(max_examples=100)
@given(RECIPES)
def test_track_that_was_not_travelled_is_never_credited(recipe):
    """Each sample with a position is near the truth; one between fixes within its stated error."""
    truth, points = drive_of(recipe)
    made = match_part(samples(points), NETWORK, CONFIG)
    found = made.matched.to_pylist()
    off = np.hypot(*(placed_xy(NETWORK, found) - truth).T)
    basis = np.array([r["basis"] or "" for r in found])
    error = np.array([r["position_error_m"] or 0.0 for r in found])
    assert (off[basis == "gps"] <= 110.0).all()
    assert (off[basis == "between_fixes"] <= 4 * error[basis == "between_fixes"] + 60.0).all()
    course = shapely.LineString(truth) if len(truth) > 1 else shapely.Point(truth[0])
    for (line, segment), _ in made.evidence.to_pandas().groupby(["line_id", "segment"]):
        shape = town()[int(line[-2:])]
        length = NETWORK.length_m[int(line[-2:])]
        ends = [min(1.0, 100.0 * s / length) for s in (segment, segment + 1)]
        piece = shapely.ops.substring(shape, *ends, normalized=True)
        xy = (shapely.get_coordinates(piece) - [LON, LAT]) / [EAST_M, NORTH_M]
        assert shapely.LineString(xy).distance(course) <= 110.0


WINDING = [road(*[(40 * k, 120 * np.sin(k / 9)) for k in range(100)])]
ALONE, ALONE_REVERSED = lines_network(WINDING), lines_network([shapely.reverse(WINDING[0])])


@settings(max_examples=40)
@given(RECIPES, st.booleans())
def test_a_line_drawn_the_other_way_mirrors_chainage_and_direction_and_changes_nothing_else(
    recipe, back
):
    """Along a winding road, there or back, with outages and an end on the fields."""
    seed, legs, away, outages = recipe
    source = np.random.default_rng(seed)
    at = np.arange(source.uniform(0, 1500), 1000 + 300 * legs, source.uniform(8, 25)) / 40
    truth = np.c_[40 * at, 120 * np.sin(at / 9)][:: -1 if back else 1]
    if away:
        truth = np.r_[truth, truth[-1] + np.arange(1, 40)[:, None] * [3.0, 11.0]]
    points = [tuple(p) for p in truth + source.normal(0, 4, truth.shape)]
    for _ in range(outages):
        first, n = source.integers(0, len(points)), source.integers(1, 40)
        points[first : first + n] = [None] * len(points[first : first + n])
    data = samples(points)
    there, mirrored = (match_part(data, n, CONFIG) for n in (ALONE, ALONE_REVERSED))
    length = ALONE.length_m[0]
    for a, b in zip(there.matched.to_pylist(), mirrored.matched.to_pylist(), strict=True):
        assert (a["line_id"], a["reason"], a["basis"]) == (b["line_id"], b["reason"], b["basis"])
        if a["line_id"] is not None:
            assert a["chainage_m"] == pytest.approx(length - b["chainage_m"], abs=0.5)
            assert a["direction"] == -b["direction"]
            assert a["position_error_m"] == pytest.approx(b["position_error_m"], abs=0.1)
            assert a["probability"] == pytest.approx(b["probability"], abs=1e-3)
    assert there.evidence["n"].to_numpy().sum() == mirrored.evidence["n"].to_numpy().sum()


def test_a_town_drawn_the_other_way_credits_all_but_the_same():
    """At corners two streets are as likely as each other: one sample in fifty may change."""
    same = total = 0
    for seed in range(30):
        data = samples(drive_of((seed, 7, seed % 2 == 0, 1))[1])
        there, back = (match_part(data, n, CONFIG).matched for n in (NETWORK, REVERSED))
        pairs = zip(there["line_id"].to_pylist(), back["line_id"].to_pylist(), strict=True)
        same, total = same + sum(a == b for a, b in pairs), total + data.num_rows
    assert same / total > 0.98
