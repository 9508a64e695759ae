"""Laws of evidence: counts are exact, merge by addition, and answer any whole-dB question."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.cells import cells_at, parents
from covermap.steps.cube import items, make_shards, plan
from covermap.steps.grid import grid_log
from covermap.store import write_table
from covermap.tables import CELL_EVIDENCE, SAMPLES
from covermap.workspace import Config

SAMPLE = st.fixed_dictionaries(
    {
        "run_id": st.sampled_from(["r1", "r2"]),
        "lon": st.floats(121.40, 121.41),
        "lat": st.floats(31.20, 31.21),
        "position_basis": st.sampled_from(["fix", "held", "between_fixes", "mark", "lost"]),
        "position_error_m": st.floats(0, 100),
        "operator": st.sampled_from(["46000", "46001"]),
        "technology": st.sampled_from(["lte", "nr"]),
        "service": st.sampled_from([True, True, True, False]),
        "source": st.sampled_from(["drive", "app"]),
        "period": st.sampled_from(["2025-01", "2025-02", "undated"]),
        "rsrp_dbm": st.none() | st.floats(-140, -44) | st.integers(-140, -44).map(float),
        "sinr_db": st.none() | st.floats(-23, 40),
    }
)
ROWS = st.lists(SAMPLE, max_size=40)


def samples(rows):
    common = {"campaign": "c", "antenna": "roof", "simulated": False}
    full = [common | {"seq": i} | row for i, row in enumerate(rows)]
    for row in full:
        row["technology"] = row["technology"] if row["service"] else "none"
    return pa.Table.from_pylist(full, schema=SAMPLES.schema)


def built(folder, parts):
    """The files of the cube, by name, built from samples in parts."""
    logs = []
    for number, rows in enumerate(parts):
        logs.append(folder / f"part-{number}")
        logs[-1].mkdir()
        write_table(logs[-1] / "samples.parquet", samples(rows), SAMPLES)
        grid_log(logs[-1] / "samples.parquet", logs[-1], Config())
    work = plan(CELL_EVIDENCE, logs, lambda digests: folder / f"cube-{'-'.join(digests)[:99]}")
    for piece in items(work):
        make_shards(piece)
    return {one.part: one.folder / "cell_evidence.parquet" for one in work}


def told(files):
    """Every row of the cube."""
    return [row for path in files.values() for row in pq.read_table(path).to_pylist()]


@settings(max_examples=20)
@given(ROWS, st.randoms())
def test_any_cut_and_any_order_of_the_samples_gives_the_same_bytes(tmp_path_factory, rows, mixer):
    whole = built(tmp_path_factory.mktemp("whole"), [rows])
    mixed = list(rows)
    mixer.shuffle(mixed)
    at = sorted(mixer.randrange(len(rows) + 1) for _ in range(2))
    cut = [mixed[: at[0]], mixed[at[0] : at[1]], mixed[at[1] :]]
    again = built(tmp_path_factory.mktemp("cut"), cut)
    assert {n: p.read_bytes() for n, p in again.items()} == {
        n: p.read_bytes() for n, p in whole.items()
    }


@settings(max_examples=20)
@given(ROWS)
def test_no_well_placed_sample_is_lost_or_counted_twice(tmp_path_factory, rows):
    found = told(built(tmp_path_factory.mktemp("w"), [rows[::2], rows[1::2]]))
    placed = [r for r in rows if r["position_basis"] != "lost" and r["position_error_m"] <= 50]
    assert sum(row["n"] for row in found) == len(placed)
    none = [row["n"] for row in found if row["technology"] == "none"]
    assert sum(none) == sum(not r["service"] for r in placed)


@settings(max_examples=20)
@given(ROWS, st.integers(-130, -60))
def test_a_threshold_asked_of_the_counts_answers_as_the_samples_would(
    tmp_path_factory, rows, threshold
):
    found = told(built(tmp_path_factory.mktemp("w"), [rows]))
    from_counts = sum(
        r["n"] for r in found if r["rsrp_bin"] is not None and r["rsrp_bin"] >= threshold
    )
    placed = [r for r in rows if r["position_basis"] != "lost" and r["position_error_m"] <= 50]
    levels = [r["rsrp_dbm"] for r in placed if r["service"] and r["rsrp_dbm"] is not None]
    assert from_counts == sum(level >= threshold for level in levels)
    total = sum(r["rsrp_sum_cdb"] for r in found) / 100
    assert abs(total - math.fsum(levels)) <= 0.005 * len(levels) + 1e-9


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-85, 85)), min_size=1, max_size=30))
def test_counts_rolled_up_by_parent_keep_their_number_at_every_resolution(points):
    lon, lat = (np.array(c) for c in zip(*points, strict=True))
    cells, n = np.unique(cells_at(lon, lat, 10), return_counts=True)
    for resolution in range(9, -1, -1):
        coarse, place = np.unique(parents(cells, resolution), return_inverse=True)
        n = np.bincount(place, n)
        cells = coarse
        assert n.sum() == len(points)
        assert np.array_equal(cells, np.unique(parents(cells_at(lon, lat, 10), resolution)))
