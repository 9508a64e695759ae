import pyarrow as pa
import pytest

from covermap.core.cells import cells_at
from covermap.steps.grid import grid_part
from covermap.tables import CELL_EVIDENCE, SAMPLES
from covermap.workspace import Config


def samples(*changes):
    base = {
        "run_id": "r", "campaign": "c", "source": "drive", "lon": 121.47, "lat": 31.23,
        "position_basis": "fix", "position_error_m": 10.0, "operator": "46000",
        "technology": "lte", "service": True, "rsrp_dbm": -100.0, "antenna": "roof",
        "period": "2025-01", "simulated": False,
    }  # fmt: skip
    rows = [base | {"seq": i} | change for i, change in enumerate(changes)]
    return pa.Table.from_pylist(rows, schema=SAMPLES.schema)


def test_a_well_placed_sample_is_counted_in_its_cell():
    counts = grid_part(samples({}, {"rsrp_dbm": -90.5}), Config())
    assert counts.schema.equals(CELL_EVIDENCE.schema)
    assert counts.column("cell").to_pylist() == [int(cells_at([121.47], [31.23], 10)[0])] * 2
    assert counts.column("rsrp_bin").to_pylist() == [-100, -91]


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
def test_a_sample_that_is_not_placed_well_enough_is_in_no_cell(change):
    assert grid_part(samples(change, {}), Config()).column("n").to_pylist() == [1]


def test_the_limit_itself_is_good_enough_and_the_settings_are_obeyed():
    assert grid_part(samples({"position_error_m": 50.0}), Config()).num_rows == 1
    coarse = Config.model_validate({"grid": {"resolution": 7}, "positions": {"max_error_m": 200.0}})
    counts = grid_part(samples({"position_error_m": 150.0}), coarse)
    assert counts.column("cell").to_pylist() == [int(cells_at([121.47], [31.23], 7)[0])]


def test_no_samples_give_the_empty_table():
    assert grid_part(samples(), Config()).schema.equals(CELL_EVIDENCE.schema)
