"""Bremen: six modems, three operators, roof antennas, four motorway legs; GeoJSON points."""

import pyarrow.compute as pc
import pytest

from real_logs import ingest_files

pytestmark = pytest.mark.real

COLUMNS = {
    "time": "timestamp", "operator": "mcc+mnc", "technology": "tech", "rsrp_dbm": "rsrp",
    "rsrq_db": "rsrq", "rssi_dbm": "rssi", "cell_id": "cell_id", "tac": "lac", "band": "band",
}  # fmt: skip


@pytest.fixture(scope="module")
def bremen(real_data):
    files = (real_data / "measurements" / "bremen_motorway").glob("*.geojson.gz")
    return ingest_files(
        files, name="bremen", format="geojson-points", columns=COLUMNS, antenna="roof"
    )


def test_every_row_of_24_files_is_accepted_or_rejected(bremen):
    assert bremen.adds_up()
    assert len(bremen.by_file) == 24
    assert bremen.read == 107_289
    assert bremen.rejected == {"duplicate": 15}
    assert bremen.accepted == 107_274


def test_three_percent_of_the_rows_repeat_the_row_before(bremen):
    """In all but the time: 3,730 rows, and 15 more in the time, too."""
    assert bremen.problems["repeated_reading"] == 3_730
    assert round((3_730 + 15) / bremen.read, 3) == 0.035
    assert bremen.problems["repeated_time"] == 28


def test_operators_are_mcc_and_mnc_and_each_has_two_modems(bremen):
    samples = bremen.table("samples")
    layers = samples.group_by(["operator", "technology"]).aggregate([([], "count_all")])
    counts = {(r["operator"], r["technology"]): r["count_all"] for r in layers.to_pylist()}
    assert counts == {
        ("26201", "gsm"): 15_895, ("26201", "lte"): 20_208,
        ("26202", "gsm"): 15_970, ("26202", "lte"): 20_036,
        ("26203", "gsm"): 15_779, ("26203", "lte"): 19_386,
    }  # fmt: skip


def test_the_level_of_gsm_is_its_rssi_however_strong(bremen):
    samples = bremen.table("samples")
    gsm = samples.filter(pc.equal(samples["technology"], "gsm"))
    assert gsm["rsrp_dbm"].null_count == 0
    assert pc.all(pc.equal(gsm["rsrp_dbm"], gsm["rssi_dbm"])).as_py()
    assert pc.max(gsm["rsrp_dbm"]).as_py() == -26.0
    assert gsm["rsrq_db"].null_count == gsm.num_rows


def test_the_receivers_floor_is_kept_and_counted(bremen):
    samples = bremen.table("samples")
    assert bremen.problems["floor_level"] == 58
    assert pc.sum(pc.equal(samples["rsrp_dbm"], -140.0)).as_py() == 58


def test_the_area_code_and_band_are_kept_as_written(bremen):
    samples = bremen.table("samples")
    lte = samples.filter(pc.equal(samples["technology"], "lte"))
    assert lte["tac"].null_count == 0
    assert set(lte["band"].to_pylist()) == {"N1", "N3", "N7", "N8", "N20"}


def test_nearly_every_position_is_a_fix_of_its_own(bremen):
    assert bremen.problems["repeated_position"] == 3_969
    assert bremen.count("position_basis") == {
        "fix": 103_320, "held": 3_886, "between_fixes": 24, "lost": 44,
    }  # fmt: skip


def test_times_keep_their_milliseconds_and_are_utc(bremen):
    times = bremen.table("samples")["time"]
    assert str(pc.min(times).as_py()) == "2021-09-13 08:15:57.513000+00:00"
    assert "zone_not_declared" not in bremen.problems
