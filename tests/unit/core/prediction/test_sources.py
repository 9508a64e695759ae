import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covermap.core.cells import NO_CELL, cells_at, centres
from covermap.core.cube.samples import count_levels
from covermap.core.prediction.observations import Rows, levels_of, sample_sd
from covermap.core.prediction.sources import from_counts, from_samples

SAMPLE = st.fixed_dictionaries({
    "operator": st.sampled_from(["a", "b"]),
    "technology": st.sampled_from(["lte", "nr"]),
    "service": st.sampled_from([True, True, True, False]),
    "run_id": st.sampled_from(["r1", "r2"]),
    "device_id": st.none() | st.sampled_from(["d1", "d2"]),
    "cell_id": st.none() | st.sampled_from(["c1", "c2"]),
    "period": st.sampled_from(["2025-01", "2025-02"]),
    "source": st.just("drive"),
    "rsrp_dbm": st.none() | st.integers(-139, -60).map(float),
    "sinr_db": st.none(),
    "at": st.integers(0, 2),
})  # fmt: skip
TYPES = {"service": pa.bool_(), "rsrp_dbm": pa.float64(), "sinr_db": pa.float64(), "at": pa.int64()}
SCHEMA = pa.schema([(k, TYPES.get(k, pa.string())) for k in (
    "operator", "technology", "service", "run_id", "device_id", "cell_id", "period", "source",
    "rsrp_dbm", "sinr_db", "at")])  # fmt: skip
CELLS = cells_at(np.array([9.0, 9.01, 9.02]), np.full(3, 53.0), 10)


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
        runs = sorted({r["run_id"] for r in rows})
        plain = Rows(
            np.array([CELLS[r["at"]] for r in own]),
            np.array([runs.index(r["run_id"]) for r in own]),
            np.array([r["rsrp_dbm"] if r["service"] else -140.0 for r in own]),
            np.ones(len(own), np.int64), np.array([not r["service"] for r in own]),
        )  # fmt: skip
        if len({r["rsrp_dbm"] for r in own if r["service"]}) > 1:
            levels = levels_of(plain, sample_sd(plain))
            assert seen.place.tolist() == levels.place.tolist()
            assert seen.level_dbm == pytest.approx(levels.level_dbm)
            assert spread == pytest.approx(sample_sd(plain))
        for k in range(len(seen)):
            here = [r for r in own if CELLS[r["at"]] == seen.place[k]
                    and runs.index(r["run_id"]) == seen.run[k]]  # fmt: skip
            ids = [r["cell_id"] for r in here if r["cell_id"]]
            assert (seen.group[k] < 0) == (not ids)
            if ids and ids.count("c1") != ids.count("c2"):
                names = sorted({r["cell_id"] for r in rows if r["cell_id"]})
                assert names[seen.group[k]] == max(set(ids), key=ids.count)


def test_samples_of_no_cell_are_passed_over():
    row = {"operator": "a", "technology": "lte", "service": True, "run_id": "r", "rsrp_dbm": -90.0}
    table = pa.Table.from_pylist([row, row | {"rsrp_dbm": -70.0}], SCHEMA)
    found = from_samples(table, np.array([CELLS[0], NO_CELL]), -140.0)
    assert found["a", "lte"][0].level_dbm.tolist() == [-90.0]


def test_the_cube_gives_the_levels_of_the_samples_by_period_and_source():
    rng = np.random.default_rng(1)
    rows = [
        {"operator": "a", "technology": "lte" if k % 9 else "none", "service": k % 9 != 0,
         "run_id": "r", "period": f"2025-0{1 + k % 2}", "source": "drive", "at": int(k % 3),
         "rsrp_dbm": float(np.round(rng.normal(-95, 9), 2))}
        for k in range(300)
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, SCHEMA)
    cells = CELLS[table.column("at").to_numpy()]
    ((seen, spread),) = from_counts(count_levels(table, cells), -140.0).values()
    as_runs = pa.Table.from_pylist([r | {"run_id": r["period"]} for r in rows], SCHEMA)
    ((other, own),) = from_samples(as_runs, cells, -140.0).values()
    assert (seen.place.tolist(), seen.run.tolist()) == (other.place.tolist(), other.run.tolist())
    # samples of one 1 dB bin are taken as equal: their mean is exact, their spread nearly
    assert spread == pytest.approx(own, abs=0.1)
    assert seen.level_dbm == pytest.approx(other.level_dbm, abs=0.15)
    lon, lat = centres(seen.place)
    assert np.array_equal(seen.lon, lon)
    assert np.array_equal(seen.lat, lat)
    assert from_counts(count_levels(table.slice(0, 0), cells[:0]), -140.0) == {}
