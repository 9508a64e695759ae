import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from covermap.core.cells import cells_at
from covermap.core.cube.columns import as_rows
from covermap.log_counts import read_log_counts
from covermap.steps import grid
from covermap.steps.grid import grid_log
from covermap.tables import CELL_EVIDENCE, CELL_TESTS, SAMPLES
from covermap.workspace import Config

HERE = int(cells_at([121.47], [31.23], 10)[0])


def samples(*changes):
    base = {
        "run_id": "r", "campaign": "c", "source": "drive", "lon": 121.47, "lat": 31.23,
        "position_basis": "fix", "position_error_m": 10.0, "operator": "46000",
        "technology": "lte", "service": True, "rsrp_dbm": -100.0, "antenna": "roof",
        "period": "2025-01", "simulated": False,
    }  # fmt: skip
    rows = [base | {"seq": i} | change for i, change in enumerate(changes)]
    return pa.Table.from_pylist(rows, schema=SAMPLES.schema)


def gridded(folder, rows, config=None):
    """Rows of both tables that a log's samples make."""
    path = folder / "samples.parquet"
    pq.write_table(rows, path)
    grid_log(path, folder, config or Config())
    tables = (CELL_EVIDENCE, CELL_TESTS)
    return [as_rows(read_log_counts(folder, t), t).cast(t.schema) for t in tables]


def test_a_well_placed_sample_is_counted_in_its_cell(tmp_path):
    counts, tests = gridded(tmp_path, samples({}, {"rsrp_dbm": -90.5}))
    assert counts.column("cell").to_pylist() == [HERE] * 2
    assert counts.column("rsrp_bin").to_pylist() == [-100, -91]
    assert counts.column("rsrp_sum_cdb").to_pylist() == [-10000, -9050]
    assert tests.num_rows == 0


@pytest.mark.parametrize(
    "change",
    [
        {"position_basis": "lost"},
        {"position_error_m": 50.1},
        {"position_error_m": None},
        {"lon": None},
        {"lat": float("nan")},
    ],
)
def test_a_sample_that_is_not_placed_well_enough_is_in_no_cell(tmp_path, change):
    test = {"latency_ms": 20.0}
    counts, tests = gridded(tmp_path, samples(change | test, test))
    assert counts.column("n").to_pylist() == tests.column("n").to_pylist() == [1]


def test_the_limit_itself_is_good_enough_and_the_settings_are_obeyed(tmp_path):
    counts, _ = gridded(tmp_path, samples({"position_error_m": 50.0}))
    assert counts.num_rows == 1
    coarse = Config.model_validate({"grid": {"resolution": 7}, "positions": {"max_error_m": 200.0}})
    counts, _ = gridded(tmp_path, samples({"position_error_m": 150.0}), coarse)
    assert counts.column("cell").to_pylist() == [int(cells_at([121.47], [31.23], 7)[0])]


def test_no_samples_give_tables_without_rows(tmp_path):
    assert [table.num_rows for table in gridded(tmp_path, samples())] == [0, 0]


def test_tests_are_counted_by_kind_in_bins_of_two_digits(tmp_path):
    rows = samples(
        {"dl_kbps": 229_999.0, "latency_ms": 34.56}, {"dl_kbps": 220_000.0},
        {"ul_kbps": 0.0}, {"dl_kbps": -1.0, "ul_kbps": math.inf, "latency_ms": math.nan},
    )  # fmt: skip
    _, tests = gridded(tmp_path, rows)
    found = [tuple(r[c] for c in ("kind", "bin", "n", "sum")) for r in tests.to_pylist()]
    assert found == [
        ("downlink", 220_000_000, 2, 449_999_000),
        ("latency", 34_000, 1, 34_560),
        ("uplink", 0, 1, 0),
    ]


def test_a_log_read_in_many_batches_gives_the_counts_of_one(tmp_path, monkeypatch):
    changes = [
        {"lon": 121.4 + 0.001 * (k % 13), "rsrp_dbm": -90.0 - k % 7, "dl_kbps": 100.0 * k}
        for k in range(200)
    ]
    whole = gridded(tmp_path, samples(*changes))
    monkeypatch.setattr(grid, "BATCH_ROWS", 17)
    monkeypatch.setattr(grid, "_HELD_ROWS", 20)
    assert gridded(tmp_path, samples(*changes)) == whole
