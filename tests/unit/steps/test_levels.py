"""Levels of cells by run, in whole builds of a small road."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from covermap.core.cube.samples import cells_of
from covermap.core.prediction.sources import levels_in
from covermap.engine import whole_runs
from covermap.pipeline import BuildOptions, build
from covermap.steps import levels
from covermap.store import Workspace
from covermap.tables import CELL_LEVELS, in_order
from workspaces import make_workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = make_workspace(tmp_path_factory.mktemp("levels") / "road", runs=3)
    with (root / "covermap.toml").open("a") as file:
        file.write("\n[predict]\nnear_m = 500\n")
    build(root, BuildOptions(workers=1))
    return root


def test_levels_are_those_of_the_logs_one_by_one(root):
    made = Workspace(root).current()
    parts = []
    for path in made.parts("samples"):
        samples = pa.parquet.read_table(path)
        layers = [("46000", "lte"), ("46001", "lte")]
        parts.append(levels_in(samples, cells_of(samples, 50.0, 10), -140.0, layers))
    expected = in_order(pa.concat_tables(parts), CELL_LEVELS)
    found = made.read("cell_levels")
    assert found.num_rows == expected.num_rows > 50
    for name in found.column_names:
        if found.schema.field(name).type == pa.float64():
            near = expected.column(name).to_numpy()
            assert found.column(name).to_numpy() == pytest.approx(near, abs=1e-9)
        else:
            assert found.column(name).to_pylist() == expected.column(name).to_pylist()


def test_the_silence_of_a_log_tells_of_its_own_technologies_or_of_all(tmp_path):
    rows = {
        "operator": ["a", "a", "b"], "technology": ["lte", "none", "none"],
    }  # fmt: skip
    pa.parquet.write_table(pa.table(rows), tmp_path / "samples.parquet")
    every = (("a", "lte"), ("a", "nbiot"), ("b", "lte"), ("b", "nr"))
    work = levels.LogWork(tmp_path / "samples.parquet", tmp_path, 10, 50.0, -140.0, every, None)
    assert levels._layers_of(work) == [("a", "lte"), ("b", "lte"), ("b", "nr")]


def test_a_build_tells_what_is_predicted_beside_what_was_measured(root):
    made = Workspace(root).current()
    said = made.read("cell_prediction").to_pandas()
    judged = made.read("cell_verdicts").to_pandas()
    key = ["operator", "technology", "cell"]
    measured = judged[(judged["verdict"] != "unmeasured") & (judged["technology"] == "lte")]
    both = said[said["basis"] == "both"].merge(measured, on=key, suffixes=("", "_judged"))
    assert len(both) == (said["basis"] == "both").sum() > 20
    assert set(judged["basis"].dropna()) == {"measured"}
    # a cell of the drive is told about what was measured in it
    off = both["rsrp_dbm"] - both["rsrp_mean_dbm"]
    assert abs(off.median()) < 3.0
    along = made.read("segment_prediction").to_pandas()
    assert set(along["operator"]) == {"46000", "46001"}
    assert along["basis"].isin(["both", "predicted"]).all()


def test_levels_of_a_log_are_kept_while_it_stays(root):
    with (root / "covermap.toml").open("a") as file:
        file.write("\n[map]\nzoom = 9\n")
    again = {s.step: s for s in build(root, BuildOptions(workers=1)).steps}
    assert again["levels"].cached == again["predict"].cached == 1
    with (root / "raw" / "run1.csv").open("a") as file:
        file.write("2026-03-02 09:00:00,120.61,31.3015,46001,LTE,-91,5,10,true\n")
    changed = build(root, BuildOptions(workers=1))
    assert next(s for s in changed.steps if s.step == "levels").notes == {
        "logs_read": 1, "logs_kept": 2,
    }  # fmt: skip


def test_periods_that_are_not_judged_tell_nothing(root):
    before = Workspace(root).current().rows("cell_levels")
    made = build(root, BuildOptions(workers=1, first="2026-04"))
    assert made.tables.get("cell_levels", 0) == 0 < before
    assert made.tables.get("cell_prediction", 0) == 0


def test_long_logs_are_read_some_runs_at_a_time(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    size = 900
    table = pa.table({
        "run_id": pa.array([f"r{k // 250}" for k in range(size)]),
        "operator": ["a"] * size, "technology": ["lte"] * size, "device_id": ["d"] * size,
        "cell_id": ["c"] * size, "service": [True] * size, "position_basis": ["fix"] * size,
        "period": ["2026-01"] * size, "position_error_m": [5.0] * size,
        "rsrp_dbm": rng.normal(-90, 4, size), "lon": 9 + 0.0001 * np.arange(size),
        "lat": np.full(size, 53.0),
            "antenna": ["roof"] * size, "source": ["drive"] * size,
    })  # fmt: skip
    pa.parquet.write_table(table, tmp_path / "samples.parquet", row_group_size=100)
    monkeypatch.setattr(whole_runs, "BATCH_ROWS", 70)
    few = partial(whole_runs.whole_runs, held_rows=300)
    monkeypatch.setattr(levels, "whole_runs", few)
    runs = [sorted(set(one.column("run_id").to_pylist()))
            for one in levels._runs_of(tmp_path / "samples.parquet", None)]  # fmt: skip
    assert runs == [["r0", "r1"], ["r2", "r3"]]
