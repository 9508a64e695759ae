import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.cells import NO_CELL, cells_at, centres
from covermap.core.prediction.observations import Rows, levels_of, sample_sd
from covermap.core.prediction.sources import levels_in, observed, spread_in

SAMPLE = st.fixed_dictionaries({
    "operator": st.sampled_from(["a", "b"]),
    "technology": st.sampled_from(["lte", "nr"]),
    "service": st.sampled_from([True, True, True, False]),
    "run_id": st.sampled_from(["r1", "r2"]),
    "device_id": st.none() | st.sampled_from(["d1", "d2"]),
    "cell_id": st.none() | st.sampled_from(["c1", "c2"]),
    "period": st.sampled_from(["2025-01", "2025-02"]),
    "source": st.sampled_from(["drive", "app"]),
    "antenna": st.sampled_from(["roof", "in-car"]),
    "rsrp_dbm": st.none() | st.integers(-139, -60).map(float),
    "sinr_db": st.none(),
    "at": st.integers(0, 2),
})  # fmt: skip
TYPES = {"service": pa.bool_(), "rsrp_dbm": pa.float64(), "sinr_db": pa.float64(), "at": pa.int64()}
SCHEMA = pa.schema([(k, TYPES.get(k, pa.string())) for k in (
    "operator", "technology", "service", "run_id", "device_id", "cell_id", "period", "source",
    "antenna", "rsrp_dbm", "sinr_db", "at")])  # fmt: skip
CELLS = cells_at(np.array([9.0, 9.01, 9.02]), np.full(3, 53.0), 10)


def from_samples(table, cells, none_dbm):
    """Measurements of each layer, and their spread."""
    levels = levels_in(table, cells, none_dbm)
    pairs = {(r["operator"], r["technology"]) for r in levels.to_pylist()}
    parts = {}
    for pair in pairs:
        own = [r for r in levels.to_pylist() if (r["operator"], r["technology"]) == pair]
        rows = pa.Table.from_pylist(own, levels.schema)
        parts[pair] = (observed(rows), spread_in(rows))
    return parts


@given(st.lists(SAMPLE, min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_each_layer_has_the_levels_of_its_cells_and_runs(rows):
    table = pa.Table.from_pylist(rows, SCHEMA)
    cells = CELLS[table.column("at").to_numpy()]
    found = from_samples(table, cells, -140.0)
    expected = {(r["operator"], r["technology"]) for r in rows
                if r["service"] and r["rsrp_dbm"] is not None}  # fmt: skip
    assert set(found) == expected
    for layer, (seen, spread) in found.items():
        own = [r for r in rows if r["operator"] == layer[0] and (not r["service"] or (
            r["technology"] == layer[1] and r["rsrp_dbm"] is not None))]  # fmt: skip
        runs = sorted({r["run_id"] for r in own})
        plain = Rows(
            np.array([CELLS[r["at"]] for r in own]),
            np.array([runs.index(r["run_id"]) for r in own]),
            np.array([r["rsrp_dbm"] if r["service"] else -140.0 for r in own]),
            np.ones(len(own), np.int64), np.array([not r["service"] for r in own]),
        )  # fmt: skip
        if len({r["rsrp_dbm"] for r in own if r["service"]}) > 1:
            levels = levels_of(plain, sample_sd(plain))
            assert seen.place.tolist() == levels.place.tolist()
            assert seen.run.tolist() == levels.run.tolist()
            assert seen.level_dbm == pytest.approx(levels.level_dbm)
            assert spread == pytest.approx(sample_sd(plain))
    for level in levels_in(table, cells, -140.0).to_pylist():
        heard = level["technology"]
        here = [r for r in rows if all(r[k] == level[k] for k in ("operator", "run_id"))
                and CELLS[r["at"]] == level["cell"] and (not r["service"] or (
                    r["technology"] == heard and r["rsrp_dbm"] is not None))]  # fmt: skip
        ids = [r["cell_id"] for r in here if r["cell_id"]]
        assert (level["cell_id"] is None) == (not ids)
        if ids and ids.count("c1") != ids.count("c2"):
            assert level["cell_id"] == max(set(ids), key=ids.count)


def test_samples_of_no_cell_are_passed_over():
    row = {"operator": "a", "technology": "lte", "service": True, "run_id": "r", "rsrp_dbm": -90.0}
    table = pa.Table.from_pylist([row, row | {"rsrp_dbm": -70.0}], SCHEMA)
    found = from_samples(table, np.array([CELLS[0], NO_CELL]), -140.0)
    assert found["a", "lte"][0].level_dbm.tolist() == [-90.0]


def test_a_run_without_any_service_tells_of_layers_that_occur_elsewhere():
    row = {"operator": "a", "technology": "none", "service": False, "run_id": "r", "at": 0}
    table = pa.Table.from_pylist([row] * 3, SCHEMA)
    cells = CELLS[[0, 0, 1]]
    assert levels_in(table, cells, -140.0).num_rows == 0
    found = levels_in(table, cells, -140.0, [("a", "lte"), ("b", "lte")])
    assert set(found.column("operator").to_pylist()) == {"a"}
    assert found.num_rows == 2
    # at most the floor: below it, and less sure than a sample that was heard
    assert max(found.column("level_dbm").to_pylist()) < -125.0
    assert min(found.column("variance_db2").to_pylist()) > 14.0


def test_levels_are_of_cells_and_runs_and_do_not_depend_on_the_order_of_samples():
    rng = np.random.default_rng(1)
    rows = [
        {"operator": "a", "technology": "lte" if k % 9 else "none", "service": k % 9 != 0,
         "run_id": f"r{k % 2}", "at": int(k % 3), "rsrp_dbm": float(rng.integers(-110, -80))}
        for k in range(300)
    ]  # fmt: skip
    turned = [rows[k] for k in rng.permutation(300)]
    tables = [pa.Table.from_pylist(some, SCHEMA) for some in (rows, turned)]
    first, second = (levels_in(t, CELLS[t.column("at").to_numpy()], -140.0) for t in tables)
    assert first.equals(second)
    assert first.num_rows == 6
    assert spread_in(first) == first.column("sample_sd_db")[0].as_py()
    lon, lat = centres(observed(first).place)
    assert np.array_equal(observed(first).lon, lon)
    assert np.array_equal(observed(first).lat, lat)


def phones(left_db):
    """A phone that shows NR down to -112 dBm, and LTE beyond; and one that leaves it anywhere."""
    rng = np.random.default_rng(2)
    rows = []
    for k in range(600):
        level = float(np.round(-60 - k % 3 * 25 + rng.normal(0, 5)))
        left = level < -112 if left_db is None else k % 10 == 0
        rows.append({
            "operator": "a", "technology": "lte" if left else "nr", "service": True, "at": k % 3,
            "run_id": "r", "rsrp_dbm": -95.0 if left else level, "antenna": "handheld",
            "source": "drive",
        })  # fmt: skip
    return pa.Table.from_pylist(rows, SCHEMA)


def test_a_technology_left_for_its_level_is_told_as_below_it_and_not_as_unmeasured():
    left, anywhere = (phones(one) for one in (None, "anywhere"))
    cells = CELLS[left.column("at").to_numpy()]
    levels = {
        row["cell"]: row for row in levels_in(left, cells, -140.0).to_pylist()
        if row["technology"] == "nr"
    }  # fmt: skip
    shown = left.column("rsrp_dbm").to_numpy()[
        (left.column("technology").to_numpy(zero_copy_only=False) == "nr") & (cells == CELLS[2])
    ]
    weak = levels[int(CELLS[2])]
    assert -112.5 < weak["level_dbm"] < shown.mean() - 1.0  # the level that lasts is -110
    plain = levels_in(anywhere, cells, -140.0).to_pylist()
    strong = [r for r in plain if r["technology"] == "nr" and r["cell"] == int(CELLS[0])]
    assert strong[0]["level_dbm"] == pytest.approx(-60.0, abs=1.0)
