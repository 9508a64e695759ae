"""Shanghai: a vehicle's 5G logs, separated by spaces, positions in UTM zone 51N metres."""

import numpy as np
import pyarrow.compute as pc
import pytest

from real_logs import ingest_files

pytestmark = pytest.mark.real

COLUMNS = {
    "time": "pub_time(ms)", "x": "utmX(m)", "y": "utmY(m)", "speed_mps": "velocity(m/s)",
    "cell_id": "cellid(db)", "sinr_db": "sinr(db)", "rsrp_dbm": "rsrp(db)",
}  # fmt: skip
ROWS = {
    "arterial_n78_v50_run03.txt": 1310, "arterial_n8_v70_run01.txt": 1041,
    "s2w_n78_v50_run02.txt": 317, "south_n8_v10_04.txt": 1219, "w2s_n8_v50_run03.txt": 1054,
}  # fmt: skip


@pytest.fixture(scope="module")
def shanghai(real_data):
    return ingest_files(
        (real_data / "measurements" / "shanghai_v2x").glob("*.txt"), name="shanghai",
        format="table", datum="EPSG:32651", columns=COLUMNS, technology="nr", operator="46000",
        antenna="roof",
    )  # fmt: skip


def test_every_row_is_accepted_or_rejected(shanghai):
    assert shanghai.adds_up()
    assert {name: made.runs["read"][0].as_py() for name, made in shanghai.by_file.items()} == ROWS
    assert (shanghai.read, shanghai.accepted) == (4_941, 4_702)
    assert shanghai.rejected == {"sentinel": 239}


def test_values_beyond_the_header_are_counted_where_they_are(shanghai):
    """The header of one file has 10 names over rows of 12 values; the others fit."""
    counts = {
        name: dict(zip(*(made.problems[c].to_pylist() for c in ("problem", "count")), strict=True))
        for name, made in shanghai.by_file.items()
    }
    assert {n: c["extra_field"] for n, c in counts.items() if "extra_field" in c} == {
        "s2w_n78_v50_run02.txt": 317
    }


def test_zero_dbm_without_a_cell_is_a_placeholder(shanghai):
    south = shanghai.only("south")
    assert south.rejected == {"sentinel": 239}
    assert south.problems["sentinel_rsrp"] == 239
    assert south.problems["impossible_sinr"] == 2  # 2032
    details = set(south.table("rejected")["detail"].to_pylist())
    assert details == {"level 0 dBm is a placeholder"}


def test_metres_of_utm_zone_51n_become_degrees_in_shanghai(shanghai):
    samples = shanghai.table("samples")
    assert 121.19 < pc.min(samples["lon"]).as_py() < pc.max(samples["lon"]).as_py() < 121.22
    assert 31.28 < pc.min(samples["lat"]).as_py() < pc.max(samples["lat"]).as_py() < 31.31
    assert set(samples["position_basis"].to_pylist()) == {"fix", "held"}


def test_the_rate_is_about_20_hz(shanghai):
    for made in shanghai.by_file.values():
        times = made.samples["time"].cast("int64").to_numpy()
        assert 45 <= np.median(np.diff(times)) <= 60


def test_levels_and_sinr_are_those_of_the_file(shanghai):
    samples = shanghai.table("samples")
    assert pc.min_max(samples["rsrp_dbm"]).as_py() == {"min": -98.0, "max": -53.0}
    assert pc.min_max(samples["sinr_db"]).as_py() == {"min": 0.0, "max": 23.0}
    assert samples["cell_id"].null_count == 0
