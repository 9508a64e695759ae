"""Runs with faults, from rows to evidence: nothing is lost, and only what was driven counts."""

import numpy as np
import pytest

from covermap.steps.match import match_part
from made_drives import CONFIG, at, network, road
from made_readings import counts, ingest, row

LENGTH_M = 40_000


@pytest.fixture(scope="module")
def highway(tmp_path_factory):
    _, net = network(
        tmp_path_factory.mktemp("highway"), [(road((0, 0), (LENGTH_M, 0)), "trunk", "G1")]
    )
    return net


def drive(seconds, start_m=0.0, speed=20.0, **values):
    """Readings of a drive east, one a second."""
    made = []
    for second in seconds:
        x, y = at(start_m + speed * second, 4.0)
        made.append(row(second, x=x, y=y, **values))
    return made


def matched(rows, net):
    """Give problems, evidence and the rows of `matched`, every row being accounted for."""
    read = ingest(rows, antenna="in-car")
    assert read.samples.num_rows + read.rejected.num_rows == len(rows)
    part = match_part(read.samples, net, CONFIG)
    found = part.matched.to_pandas()
    assert len(found) == read.samples.num_rows
    assert (found["line_id"].isna() == found["reason"].notna()).all()
    return counts(read), part.evidence.to_pandas(), found


def driven_only(evidence, *stretches):
    """Whether all evidence lies on stretches (m), to a segment at either end."""
    start = 100.0 * evidence["segment"]
    return np.any([start.between(a - 200, b + 100) for a, b in stretches], axis=0).all()


def test_a_run_that_jumps_4_km_is_credited_with_neither_the_jump_nor_less(highway):
    rows = drive(range(100)) + drive(range(100, 200), start_m=4000.0)
    problems, evidence, found = matched(rows, highway)
    assert problems["run_jumps"] == 1
    assert driven_only(evidence, (0, 2000), (6000, 8000))
    assert evidence["n"].sum() == 200
    assert found["run_id"].nunique() == 2


def test_a_clock_that_goes_backwards_is_told_and_credits_nothing_else(highway):
    rows = drive(range(200))
    for k in range(120, 200):
        rows[k]["time_ms"] -= 30_000
    problems, evidence, found = matched(rows, highway)
    assert problems["clock_backwards"] >= 1
    assert driven_only(evidence, (0, 4000))
    assert found["reason"].isna().mean() > 0.5


def test_two_devices_in_one_file_are_each_on_their_own_stretch(highway):
    one, two = drive(range(120)), drive(range(120), start_m=25_000.0)
    problems, evidence, found = matched(
        [r for pair in zip(one, two, strict=True) for r in pair], highway
    )
    assert problems["two_devices"] == 240
    assert driven_only(evidence, (0, 2400), (25_000, 27_400))
    assert evidence["n"].sum() == 240
    assert found["run_id"].nunique() == 2


def test_gps_stuck_for_20_minutes_while_moving_credits_nothing_on_the_way(highway):
    x, y = at(2000.0, 4.0)
    stuck = [row(s, x=x, y=y, speed_mps=20.0) for s in range(101, 1300)]
    rows = [*drive(range(101), speed_mps=20.0), *stuck]
    rows += drive(range(1300, 1400), speed_mps=20.0)
    problems, evidence, found = matched(rows, highway)
    assert problems["stuck_while_moving"] >= 1190
    assert driven_only(evidence, (0, 2000), (26_000, 28_000))
    assert 195 < evidence["n"].sum() <= 210
    assert set(found["reason"].dropna()) == {"no_position"}


def test_runs_put_one_behind_the_other_are_credited_apart(highway):
    rows = drive(range(100)) + drive(range(9000, 9100), start_m=-170_000.0)
    problems, evidence, _ = matched(rows, highway)
    assert problems["long_silence"] == 1
    assert driven_only(evidence, (0, 2000), (10_000, 12_000))
    assert evidence["n"].sum() == 200


def test_an_outage_without_positions_is_placed_only_as_far_as_time_tells(highway):
    """Five minutes without a position on the open road: the ends count, the middle does not."""
    nothing = [
        {**r, "x": None, "y": None, "raw": str(k)} for k, r in enumerate(drive(range(100, 400)))
    ]
    rows = drive(range(100)) + nothing + drive(range(400, 500))
    read = ingest(rows, antenna="in-car")
    assert read.samples.num_rows + read.rejected.num_rows == 500
    part = match_part(read.samples, highway, CONFIG)
    assert driven_only(part.evidence.to_pandas(), (0, 10_000))
    found = part.matched.to_pandas()
    assert (found["line_id"].isna() == found["reason"].notna()).all()
