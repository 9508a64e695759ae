import numpy as np

from covermap.core.samples.runs import parted
from made_readings import counts, ingest, row

NORTH_M = 1 / 110_600


def drive(seconds, start_m=0.0, speed=15.0, **values):
    """Rows of one drive north, one a second."""
    return [row(s, y=14.0 + (start_m + speed * s) * NORTH_M, **values) for s in seconds]


def runs_of(made):
    return made.runs["run_id"].to_pylist()


def test_pieces_are_counted_within_their_run():
    starts = np.array([False, True, True, False, True])
    assert parted(np.array([0, 0, 0, 1, 1]), starts).tolist() == [0, 1, 2, 0, 1]


def test_a_run_that_jumps_4_km_becomes_two_and_nothing_is_lost():
    rows = drive(range(50)) + drive(range(50, 100), start_m=4000.0)
    made = ingest(rows)
    assert [r[-9:] for r in runs_of(made)] == ["/part-001", "/part-002"]
    assert made.runs["accepted"].to_pylist() == [50, 50]
    assert counts(made)["run_jumps"] == 1
    assert set(made.samples["position_basis"].to_pylist()) <= {"fix", "held"}


def test_a_spike_of_one_row_parts_nothing():
    rows = drive(range(60))
    rows[30] = row(30, y=14.5)
    assert "run_jumps" not in counts(ingest(rows))
    assert len(runs_of(ingest(rows))) == 1


def test_gps_stuck_for_20_minutes_while_moving_ends_the_run_and_its_rows_are_lost():
    stuck = [row(s, y=14.0, speed_mps=20.0) for s in range(1, 1200)]
    made = ingest([row(0, y=14.0, speed_mps=20.0), *stuck, *drive(range(1200, 1300), speed=20.0)])
    assert counts(made)["stuck_while_moving"] == 1199
    assert counts(made)["run_jumps"] == 1
    assert made.samples["position_basis"].to_pylist().count("lost") >= 1190
    assert made.samples.num_rows == 1300


def test_two_devices_in_one_file_are_parted_by_their_places():
    one, two = drive(range(60)), drive(range(60), start_m=30_000.0, rsrp_dbm=-80.0)
    made = ingest([r for pair in zip(one, two, strict=True) for r in pair])
    assert counts(made)["two_devices"] == 120
    assert "run_jumps" not in counts(made)
    assert made.runs["accepted"].to_pylist() == [60, 60]
    by_run = {(r["run_id"], r["rsrp_dbm"]) for r in made.samples.to_pylist()}
    assert len(by_run) == 2


def test_runs_put_one_behind_the_other_are_parted_at_the_silence():
    made = ingest(drive(range(20)) + drive(range(9000, 9020), start_m=-134_500.0))
    assert counts(made)["long_silence"] == 1
    assert made.runs["accepted"].to_pylist() == [20, 20]


def test_rows_in_any_order_make_the_same_runs():
    rows = drive(range(50)) + drive(range(50, 100), start_m=4000.0)
    rows = [{**r, "line": k + 2, "raw": str(k)} for k, r in enumerate(rows)]
    shuffled = [rows[k] for k in np.random.default_rng(1).permutation(len(rows))]
    assert ingest(rows).samples.equals(ingest(shuffled).samples)


def test_a_probe_and_a_crowd_are_never_parted():
    rows = drive(range(50)) + drive(range(50, 100), start_m=4000.0)
    for source in ("probe", "app"):
        assert len(runs_of(ingest(rows, source=source))) == 1
