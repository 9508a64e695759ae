"""Cork: 83 G-NetTrack Pro runs in a zip, whose GPS gives a new position every 100 m or so.

Definitions: `repeated_position` is a position equal to that of the row before in the same run, in
order of time; "moving" is a reported speed above 5 km/h; `repeated_time` is a time that another
row of the run has, too; `position_jump` is over 500 m between fixes that follow each other.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from covermap.core.geodesy import lengths_m
from covermap.core.samples.paced import Steps, within_step
from covermap.core.samples.positions import BETWEEN_FIXES, Track, place
from real_logs import ingest_files

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def cork(real_data):
    """The operator's name is hidden in the data (B), so it is declared as it stands."""
    path = real_data / "measurements" / "cork_gnettrack" / "5G-production-dataset.zip"
    return ingest_files(
        [path], name="cork", format="gnettrack", timezone="Europe/Dublin", operator="B",
        antenna="in-car",
    )  # fmt: skip


@pytest.fixture(scope="module")
def driving(cork):
    return cork.only("/Driving/")


def test_every_row_of_83_runs_is_accepted_or_rejected(cork, driving):
    assert cork.adds_up()
    # the three have no level, and are of an idle phone, which tests no rate
    assert (cork.read, cork.accepted, cork.rejected) == (188_711, 188_708, {"sentinel": 3})
    assert len(cork.by_file) == 83
    ids = cork.table("runs")["run_id"].to_pylist()
    assert len(ids) == len(set(ids)) == 83 + 10
    assert sum("/part-" in i for i in ids) == 20
    assert (len(driving.by_file), driving.read) == (60, 103_545)


def test_94_percent_of_driving_rows_repeat_the_last_fix(driving):
    # 97,532 and 89,230 in the order of the file: in one run the clock goes back by a second,
    # and in order of time two rows of it do not repeat the one before
    assert driving.problems["clock_backwards"] == 1
    assert driving.problems["repeated_position"] == 97_532 - 2
    assert driving.problems["stuck_while_moving"] == 89_230 - 2
    assert round(97_530 / driving.read, 2) == 0.94


def test_ten_fixes_are_over_500_m_from_the_fix_before(cork):
    assert cork.problems["position_jump"] == 10
    assert cork.problems["run_jumps"] == 10  # from one row to the next, in 1 to 3 s
    assert cork.problems["impossible_jump"] == 2  # the other eight took 24 to 39 s


def test_placeholders_are_found_in_the_serving_and_in_the_neighbour_cell(cork):
    assert cork.problems["sentinel_rsrp"] == 73  # -200
    assert cork.problems["sentinel_neighbour_rsrp"] == 91  # -205
    assert cork.problems["sentinel_neighbour_rsrq"] == 1096 + 95 + 4257  # 2147483647, -225, -204
    assert cork.problems["inapplicable_rsrq"] == 81  # RXQUAL of GPRS and EDGE
    assert cork.problems["impossible_sinr"] == 3  # -30
    level = cork.table("samples")["rsrp_dbm"]
    assert level.null_count == 73 - 3
    assert pc.min_max(level).as_py() == {"min": -124.0, "max": -48.0}


def test_the_neighbours_level_is_not_taken_for_nr(cork):
    nr = cork.table("samples").filter(pc.equal(cork.table("samples")["technology"], "nr"))
    assert nr.num_rows == 136_403
    assert pc.min(nr["rsrp_dbm"]).as_py() == -124.0


def test_times_that_occur_twice_in_a_run_are_counted(cork):
    assert cork.problems["repeated_time"] == 7_968


def test_26_rows_name_another_operator_or_none(cork):
    assert cork.problems["other_operator"] == 24  # 27203
    assert cork.problems["junk_operator"] == 2  # 0
    assert cork.count("operator") == {"B": 188_684, "27203": 24}


def test_times_are_those_of_dublin(cork):
    times = cork.table("samples")["time"]
    assert str(pc.min(times).as_py()) == "2019-11-20 16:55:16+00:00"
    assert cork.problems.get("ambiguous_time") is None


def test_rows_that_wait_for_the_next_100_m_are_placed(driving):
    """The phone gives a position after each 100 m, however long that takes.

    ======================================== ============ =========================
    driving rows                             by time only with the filter's distance
    ======================================== ============ =========================
    with a position known to 50 m            56,428 (54%) 98,427 (95%)
    lost                                     34,686       5,033
    ======================================== ============ =========================

    "By time only" interpolates over at most 60 s. What is still lost lies after the last fix of a
    run, or in runs too short to show the filter.
    """
    samples = driving.table("samples")
    placed = pc.less_equal(samples["position_error_m"], 50.0)
    basis = driving.count("position_basis")
    assert basis["fix"] == 6_015
    assert basis["lost"] < 5_500
    assert pc.sum(placed).as_py() / samples.num_rows > 0.94
    assert pc.sum(pc.and_(placed, pc.equal(samples["position_basis"], "fix"))).as_py() == 6_015


def test_fixes_are_100_m_apart_and_repeats_bring_no_speed_of_their_own(driving):
    samples = driving.table("samples")
    fix = np.asarray(samples["position_basis"].to_pylist()) == "fix"
    lon, lat = (samples[c].to_numpy()[fix] for c in ("lon", "lat"))
    run = np.asarray(samples["run_id"].to_pylist())[fix]
    step = lengths_m(lon[:-1], lat[:-1], lon[1:], lat[1:])[run[1:] == run[:-1]]
    assert np.quantile(step, 0.01) > 99.5
    assert np.quantile(step, 0.95) < 120
    speed, at = samples["speed_mps"].to_numpy(), np.flatnonzero(fix)
    inside = np.setdiff1d(np.arange(at[0], at[-1]), at)
    before = at[np.searchsorted(at, inside) - 1]
    own = np.asarray(samples["run_id"].to_pylist())
    same = own[inside] == own[before]
    assert (speed[inside] == speed[before])[same].mean() > 0.999


def test_a_place_within_a_step_is_as_good_as_it_says(driving):
    """Take each fix away in turn and look where it is put, in a step twice as long.

    =============== ===== ============== ================== ======================= =============
    time of the gap fixes off, median    95 %               by time only            within 1, 2
                          (m)            (m)                (median, 95 %; m)       stated errors
    =============== ===== ============== ================== ======================= =============
    up to 20 s      3,325 10             32                 10, 32                  94 %, 100 %
    20 to 60 s      1,760 34             74                 41, 79                  66 %, 97 %
    longer          652   35             83                 75, 99                  67 %, 95 %
    =============== ===== ============== ================== ======================= =============

    A fix taken away is near the middle of its step, so a place that is pulled to the middle has
    some advantage here; the stated error does not count on it.
    """
    every = np.concatenate([_taken_away(made.samples) for made in driving.by_file.values()])
    seconds, off, stated, by_time = every.T
    assert len(every) > 5_000
    for low, high, median, p95, one, two in (
        (0, 20, 12, 36, 0.9, 0.98), (20, 60, 38, 80, 0.6, 0.94), (60, 3000, 40, 90, 0.6, 0.92),
    ):  # fmt: skip
        some = (seconds > low) & (seconds <= high)
        assert np.median(off[some]) < median
        assert np.quantile(off[some], 0.95) < p95
        assert (off <= stated)[some].mean() > one
        assert (off <= 2 * stated)[some].mean() > two
    assert np.median(off[seconds > 60]) < 0.6 * np.median(by_time[seconds > 60])


def _taken_away(samples: pa.Table) -> np.ndarray:
    """Give seconds of the gap, metres off, error stated, metres off by time only."""
    fix = pc.equal(samples["position_basis"], "fix")
    lon, lat = (samples.filter(fix)[c].to_numpy() for c in ("lon", "lat"))
    time_s = samples.filter(fix)["time"].cast(pa.int64()).to_numpy() / 1000.0
    run = np.unique(samples.filter(fix)["run_id"].to_pylist(), return_inverse=True)[1]
    step, seconds = lengths_m(lon[:-1], lat[:-1], lon[1:], lat[1:]), np.diff(time_s)
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = np.where(seconds > 0, step / seconds, np.nan)
    k = np.arange(2, len(lon) - 2)
    k = k[(run[k - 2] == run[k + 2]) & (step[k - 1] <= 150) & (step[k] <= 150)]
    a, b = k - 1, k + 1
    whole, gone = np.maximum(time_s[b] - time_s[a], 1e-3), time_s[k] - time_s[a]
    length = lengths_m(lon[a], lat[a], lon[b], lat[b])
    accuracy = np.full(len(k), 10.0)
    share, stated = within_step(Steps(whole, gone, length, speed[a - 1], speed[b], accuracy))

    def off(part):
        x, y = lon[a] + part * (lon[b] - lon[a]), lat[a] + part * (lat[b] - lat[a])
        return lengths_m(x, y, lon[k], lat[k])

    return np.stack([whole, off(share), stated, off(gone / whole)], axis=1)


def test_an_interpolated_position_is_as_good_as_it_says(driving):
    """Take every second fix away and look where it is put: 93 % lie within the error."""
    hits = total = 0
    for made in driving.by_file.values():
        found, count = _held_out(made.samples)
        hits, total = hits + found, total + count
    assert total > 2_000
    assert 0.90 < hits / total < 0.95


def _held_out(samples: pa.Table) -> tuple[int, int]:
    def column(name):
        return samples[name].to_numpy().astype(float)

    fix = np.asarray(samples["position_basis"].to_pylist()) == "fix"
    rows = np.flatnonzero(fix)
    keep = np.zeros(fix.size, bool)
    keep[rows[::2]] = True
    lon, lat = np.where(keep, column("lon"), np.nan), np.where(keep, column("lat"), np.nan)
    n = samples.num_rows
    time_ms = samples["time"].cast(pa.int64()).to_numpy()
    track = Track(
        np.zeros(n, int), time_ms, np.ones(n, bool), lon, lat, np.full(n, np.nan),
        column("speed_mps"),
    )  # fmt: skip
    placed = place(track, 60.0)
    out = rows[1::2]
    out = out[placed.basis[out] == BETWEEN_FIXES]
    off = lengths_m(placed.lon[out], placed.lat[out], column("lon")[out], column("lat")[out])
    return int((off <= placed.error_m[out]).sum()), out.size
