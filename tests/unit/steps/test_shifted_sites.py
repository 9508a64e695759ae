"""Site tables whose datum is declared wrongly, found by the samples of their cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from covermap.core.datum import from_wgs84
from covermap.core.sites.datum import gcj02_shift
from covermap.engine.step import StepContext
from covermap.rules import load_pack
from covermap.steps.sites import tell_shifted
from covermap.store import Tables, write_table
from covermap.tables import PROBLEMS, SAMPLES, SITES, conform, in_order
from covermap.workspace import Config

LON, LAT = 120.6, 31.3


def network(cells: int, seed: int = 1):
    """Masts, and middles of samples half a kilometre off, to every side."""
    rng = np.random.default_rng(seed)
    lon, lat = LON + rng.uniform(0, 0.3, cells), LAT + rng.uniform(0, 0.3, cells)
    return lon, lat, lon + 0.005 * rng.normal(size=cells), lat + 0.005 * rng.normal(size=cells)


def test_masts_that_are_where_they_are_said_to_be_show_no_shift() -> None:
    shift = gcj02_shift(*network(400))
    assert shift is not None
    assert abs(shift.share) < 4 * shift.error
    assert not shift.likely


def test_masts_read_in_the_wrong_datum_show_the_shift_of_it() -> None:
    lon, lat, *heard = network(400)
    shift = gcj02_shift(*from_wgs84(lon, lat, "gcj02"), *heard)
    assert shift is not None
    assert shift.share == pytest.approx(1.0, abs=4 * shift.error)
    assert shift.likely
    few = [v[:20] for v in (*from_wgs84(lon, lat, "gcj02"), *heard)]
    assert not gcj02_shift(*few).likely


def test_where_gcj02_has_no_shift_nothing_is_said() -> None:
    lon, lat, *heard = network(50)
    assert gcj02_shift(lon - 110.0, lat, heard[0] - 110.0, heard[1]) is None


@pytest.mark.parametrize("wrong", [False, True])
def test_a_shifted_table_is_told_among_the_problems(tmp_path: Path, wrong: bool) -> None:
    lon, lat, heard_lon, heard_lat = network(200)
    x, y = from_wgs84(lon, lat, "gcj02") if wrong else (lon, lat)
    cells, n = [f"C{i}" for i in range(200)], 200
    common = {"cell_id": cells, "operator": ["46000"] * n, "technology": ["lte"] * n,
              "simulated": [False] * n}  # fmt: skip
    sites = pa.table(common | {"site_id": cells, "lon": x, "lat": y, "input": ["masts"] * n})
    samples = pa.table(common | {
        "run_id": ["r"] * n, "seq": pa.array(range(n), pa.int32()), "campaign": ["c"] * n,
        "source": ["drive"] * n, "lon": heard_lon, "lat": heard_lat, "position_basis": ["fix"] * n,
        "service": [True] * n, "antenna": ["roof"] * n, "period": ["2026-01"] * n,
    })  # fmt: skip
    before, out = tmp_path / "before", tmp_path / "out"
    out.mkdir()
    for table, data in ((SITES, sites), (SAMPLES, samples)):
        write_table(before / f"{table.name}.parquet", in_order(conform(data, table), table), table)
    tell_shifted(StepContext(Tables(before), out, Config(), load_pack("project-default", tmp_path)))
    rows = Tables(out).read("problems")
    assert rows.schema.equals(PROBLEMS.schema)
    assert [(r["input"], r["problem"], r["count"]) for r in rows.to_pylist()] == (
        [("masts", "likely_gcj02", 200)] if wrong else []
    )
