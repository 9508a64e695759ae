"""Samples between fixes through the step: along the matched path, by time, with their error."""

import numpy as np
import pyarrow as pa
import pytest

from covermap.core.lines.network import network_of
from covermap.steps.match import match_part
from covermap.tables import STRUCTURES, conform
from covermap.workspace import Config, Positions
from made_drives import CONFIG, ONE_ROAD, drive, network, road, rows, samples

T0 = 1_700_000_000_000


def with_gap(before, n, after, seconds=1.0):
    """Fixes, `n` samples without any, and fixes again, so many seconds apart."""
    points = [*before, *[None] * n, *after]
    return samples(points, time=[T0 + int(1000 * seconds * k) for k in range(len(points))])


CORNER = [(road((0, 0), (2000, 0), (2000, 2000)), "primary", "G1")]


def test_what_lies_between_fixes_follows_the_corner_of_the_path(tmp_path):
    _, net = network(tmp_path, CORNER)
    data = with_gap(drive(1000, 1801, 0), 15, [(2000, y) for y in range(200, 1000, 25)])
    found = rows(match_part(data, net, CONFIG).matched)[33:48]
    assert {r.basis for r in found} == {"between_fixes"}
    way = np.array([r.chainage_m for r in found])
    np.testing.assert_allclose(way, 1800 + 25 * np.arange(1, 16), atol=12)
    assert {(r.direction, r.offset_m, r.reason) for r in found} == {(1, 0.0, None)}


def test_against_the_drawing_what_lies_between_fixes_runs_down_the_chainage(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    data = with_gap(drive(2500, 1799, 5), 15, drive(1400, 400, 5))
    found = rows(match_part(data, net, CONFIG).matched)[29:44]
    assert {(r.direction, r.basis) for r in found} == {(-1, "between_fixes")}
    way = np.array([r.chainage_m for r in found])
    np.testing.assert_allclose(way, 1800 - 25 * np.arange(1, 16), atol=15)


def test_the_error_grows_towards_the_middle_of_a_gap(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    data = with_gap(drive(0, 501, 5), 39, drive(1500, 2500, 5))
    got = match_part(data, net, CONFIG)
    error = np.array([r.position_error_m for r in rows(got.matched)[21:60]])
    assert (np.diff(error[:19]) > 0).all()
    assert (np.diff(error[20:]) < 0).all()
    assert error[0] < 15 < 20 < error[19] < 50


def test_near_each_end_of_a_gap_the_error_is_that_of_the_fix_there(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    data = with_gap(drive(0, 501, 5), 39, drive(1500, 2500, 5))
    errors = [3.0] * 21 + [None] * 39 + [40.0] * 40
    data = data.set_column(
        data.schema.get_field_index("position_error_m"), "position_error_m",
        pa.array(errors, pa.float64()),
    )  # fmt: skip
    found = rows(match_part(data, net, CONFIG).matched)
    assert found[21].position_error_m < 8
    assert found[59].position_error_m > 35


def test_a_long_stop_in_a_gap_makes_its_places_uncertain_and_no_evidence(tmp_path):
    """1 km in 400 s at 25 m/s before and after: it stood for most of it, nobody knows where."""
    _, net = network(tmp_path, ONE_ROAD)
    data = with_gap(drive(0, 501, 5), 399, drive(1500, 2500, 5))
    got = match_part(data, net, CONFIG)
    middle = rows(got.matched)[21 + 199]
    assert 200 < middle.position_error_m < 350
    counted = sum(r.n for r in rows(got.evidence))
    assert 0 < counted - 61 < 40
    sure = Config(positions=Positions(max_error_m=400.0))
    assert sum(r.n for r in rows(match_part(data, net, sure).evidence)) == data.num_rows


def test_faster_than_anything_goes_places_nothing_and_says_why(tmp_path):
    long = [(road((0, 0), (9000, 0)), "primary", "G1")]
    _, net = network(tmp_path, long)
    data = with_gap(drive(0, 1001, 5), 19, drive(3200, 4200, 5))
    found = rows(match_part(data, net, CONFIG).matched)
    assert {r.reason for r in found[41:60]} == {"too_fast"}
    assert {r.line_id for r in found[41:60]} == {None}
    assert {r.reason for r in found[:41] + found[60:]} == {None}


@pytest.mark.parametrize(("more_m", "reason"), [(25, None), (90, "too_fast")])
def test_what_the_errors_of_the_fixes_can_explain_is_not_too_fast(tmp_path, more_m, reason):
    """Nothing goes faster than 55 m/s here: 1100 m in 20 s; each fix is known to 20 m."""
    long = [(road((0, 0), (9000, 0)), "primary", "G1")]
    _, net = network(tmp_path, long)
    ahead = 1000 + 1100 + more_m
    data = with_gap(drive(0, 1001, 5), 19, drive(ahead, ahead + 1000, 5))
    errors = [20.0 if basis == "fix" else None for basis in data["position_basis"].to_pylist()]
    at = data.schema.get_field_index("position_error_m")
    data = data.set_column(at, "position_error_m", pa.array(errors, pa.float64()))
    found = rows(match_part(data, net, CONFIG).matched)
    assert found[50].reason == reason


def test_before_the_first_fix_and_after_the_last_nothing_is_placed(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    points = [None, None, *drive(0, 1000, 0), None]
    reason = match_part(samples(points), net, CONFIG).matched.column("reason").to_pylist()
    assert reason[:2] + reason[-1:] == ["no_position"] * 3
    assert set(reason[2:-1]) == {None}


def test_between_legs_that_no_path_joins_nothing_is_placed(tmp_path):
    apart = [
        (road((0, 0), (2000, 0)), "primary", "G1"),
        (road((2300, 0), (4300, 0)), "primary", "G2"),
    ]
    _, net = network(tmp_path, apart)
    data = with_gap(drive(500, 2001, 0), 11, drive(2300, 4000, 0))
    found = rows(match_part(data, net, CONFIG).matched)
    assert {r.reason for r in found[61:72]} == {"not_travelled"}
    assert len({r.line_id for r in found} - {None}) == 2
    assert sum(r.line_id is None for r in found) == 11


def test_beside_a_fix_on_no_line_the_reason_is_that_fixs(tmp_path):
    _, net = network(tmp_path, ONE_ROAD)
    points = [*drive(0, 1000, 0), None, None, *[(1050, 80 * k) for k in range(2, 30)]]
    found = rows(match_part(samples(points), net, CONFIG).matched)
    assert {r.reason for r in found[40:]} == {"too_far"}


def test_positions_interpolated_on_a_straight_line_are_placed_on_the_path(tmp_path):
    """The ingest puts them on the chord; the line has a bend of 150 m between two fixes."""
    bend = [(road((0, 0), (1000, 0), (1200, 150), (1400, 0), (3000, 0)), "primary", "G1")]
    _, net = network(tmp_path, bend)
    points = [*drive(0, 1000, 0), *[(1000 + 25 * k, 0) for k in range(17)], *drive(1425, 2500, 0)]
    basis = ["fix"] * len(points)
    basis[41:56] = ["between_fixes"] * 15
    data = samples(points, position_basis=basis)
    found = rows(match_part(data, net, CONFIG).matched)
    way = np.array([r.chainage_m for r in found])
    assert way[48] == pytest.approx(1250, abs=20)
    assert (np.diff(way) >= 0).all()


def tunnel_run(seed):
    """Simulate 9 km at 1 Hz with 5 km of tunnel: speed varies between 14 and 28 m/s.

    Receivers lose their fix at the portal, and have one again 8 s after the other.
    """
    source = np.random.default_rng(seed)
    t = np.arange(600.0)
    waves = [(source.uniform(60, 400), source.uniform(0, 6.28)) for _ in range(3)]
    v = 21 + sum(2.3 * np.sin(6.28 * t / period + phase) for period, phase in waves)
    true = np.cumsum(v)
    true = true[true < 9000]
    out = np.flatnonzero(true > 7000)[0] + 8
    inside = (true >= 2000) & (np.arange(len(true)) < out)
    noise = source.normal(0, 5, (2, len(true)))
    points = [
        None if hidden else (x + dx, dy)
        for x, hidden, dx, dy in zip(true, inside, *noise, strict=True)
    ]
    return true, inside, points


@pytest.fixture(scope="module")
def under_the_mountain(tmp_path_factory):
    made, _ = network(
        tmp_path_factory.mktemp("tunnel"), [(road((0, 0), (9000, 0)), "motorway", "G1")]
    )
    tunnel = {"line_id": made.lines.column("line_id"), "kind": ["tunnel"]}
    tunnel |= {"from_m": [2000.0], "to_m": [7000.0]}
    structures = conform(pa.table(tunnel), STRUCTURES)
    return [network_of(made.lines, made.segments, made.stations, s) for s in (structures, None)]


def test_in_a_tunnel_samples_are_placed_by_time_within_the_error_they_state(under_the_mountain):
    net, _ = under_the_mountain
    off, stated = [], []
    for seed in range(8):
        true, inside, points = tunnel_run(seed)
        found = rows(match_part(samples(points), net, CONFIG).matched)
        hidden = [r for r, dark in zip(found, inside, strict=True) if dark]
        assert {(r.basis, r.reason) for r in hidden} == {("between_fixes", None)}
        scale = net.length_m[0] / 9000
        off.append(np.abs(np.array([r.chainage_m for r in hidden]) - true[inside] * scale))
        stated.append(np.array([r.position_error_m for r in hidden]))
    off, stated = np.concatenate(off), np.concatenate(stated)
    # The speed of these runs halves and doubles inside, as no free traffic does.
    assert (off <= 2 * stated).mean() > 0.85
    assert np.median(off) < 60
    assert np.percentile(off, 95) < 230


def test_in_a_tunnel_samples_count_up_to_the_error_of_marks(under_the_mountain):
    points = tunnel_run(3)[2]
    counted, sure = [], []
    for net, deep_m in zip(under_the_mountain, (200, 50), strict=True):
        got = match_part(samples(points), net, CONFIG)
        counted.append(sum(r.n for r in rows(got.evidence)))
        dark = rows(got.matched)
        error = np.array([r.position_error_m for r in dark])
        deep = np.array([2000 <= r.chainage_m <= 7000 for r in dark])
        sure.append(((error <= deep_m) & deep | (error <= 50)).sum())
    assert counted == sure
    assert counted[1] < counted[0]


def test_the_fixes_of_another_run_say_nothing(tmp_path):
    """Two runs on one line: one ends, the other begins, without positions."""
    _, net = network(tmp_path, ONE_ROAD)
    points = [*drive(0, 1000, 0), *[None] * 6, *drive(1300, 2300, 0)]
    runs = ["drive/1"] * 43 + ["drive/2"] * 43
    seq = [*range(43), *range(43)]
    found = rows(match_part(samples(points, run_id=runs, seq=seq), net, CONFIG).matched)
    assert {r.reason for r in found[40:46]} == {"no_position"}
    assert {r.reason for r in found[:40] + found[46:]} == {None}
