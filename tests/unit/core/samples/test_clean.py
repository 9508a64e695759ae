import numpy as np

from covermap.core.samples.clean import JUDGED, STEADY_ROWS, clean_fields
from covermap.core.samples.limits import OK, SENTINEL
from covermap.core.samples.technology import CODES


def cleaned(technology, no_service=None, run=None, **fields):
    n = len(technology)
    full = {name: np.full(n, np.nan) for name in JUDGED}
    full |= {name: np.array(values, dtype=float) for name, values in fields.items()}
    codes = np.array([CODES[t] for t in technology], dtype=np.int8)
    silent = np.zeros(n, bool) if no_service is None else np.array(no_service)
    return clean_fields(full, codes, silent, np.zeros(n, int) if run is None else np.array(run))


def found(result):
    return {f.problem: int(f.rows.sum()) for f in result.findings if f.rows.any()}


def test_bad_fields_are_blanked_and_counted_each_by_its_own_kind():
    result = cleaned(
        ["lte", "umts", "lte", "gsm"], rsrp_dbm=[-200, -24, -90, -80], rsrq_db=[-9, 1, -10, 4]
    )
    assert found(result) == {
        "sentinel_rsrp": 1, "impossible_rsrp": 1, "impossible_rsrq": 1, "inapplicable_rsrq": 1,
    }  # fmt: skip
    assert np.isnan(result.fields["rsrp_dbm"]).tolist() == [True, True, False, False]
    assert result.fields["rsrq_db"][[0, 2]].tolist() == [-9, -10]


def test_gsm_takes_its_level_from_rssi_and_lte_does_not():
    result = cleaned(["gsm", "lte"], rssi_dbm=[-70, -60])
    assert result.fields["rsrp_dbm"][0] == -70
    assert np.isnan(result.fields["rsrp_dbm"][1])
    assert found(result) == {"level_from_rssi": 1}


def test_a_bad_rssi_of_gsm_is_the_reason_for_its_missing_level():
    result = cleaned(["gsm", "lte"], rssi_dbm=[-200, -200])
    assert result.level_status.tolist() == [SENTINEL, OK]
    assert result.level_written[0] == -200


def test_rows_without_service_have_no_signal_and_only_placeholders_are_counted():
    result = cleaned(
        ["none", "none"], no_service=[True, True], rsrp_dbm=[-200, -90], rsrq_db=[5, -9]
    )
    assert found(result) == {
        "sentinel_rsrp": 1,
        "level_without_service": 1,
        "inapplicable_rsrq": 0,
    } or (found(result) == {"sentinel_rsrp": 1, "level_without_service": 1})
    assert np.isnan(result.fields["rsrp_dbm"]).all()
    assert np.isnan(result.fields["rsrq_db"]).all()


def test_the_receivers_floor_is_kept_and_counted():
    result = cleaned(["lte", "lte"], rsrp_dbm=[-140, -139])
    assert found(result) == {"floor_level": 1}
    assert result.fields["rsrp_dbm"].tolist() == [-140, -139]


def test_a_sinr_that_never_changes_is_blanked_in_its_run_only():
    n = STEADY_ROWS
    levels = [-90.0 - (i % 12) for i in range(n)]
    sinr = [0.0] * n + [float(i % 7) for i in range(n)]
    result = cleaned(["lte"] * 2 * n, run=[0] * n + [1] * n, rsrp_dbm=levels * 2, sinr_db=sinr)
    assert found(result) == {"constant_sinr": n}
    assert np.isnan(result.fields["sinr_db"][:n]).all()
    assert result.fields["sinr_db"][n:].tolist() == sinr[n:]


def test_a_steady_sinr_of_a_short_run_or_a_steady_level_is_kept():
    n = STEADY_ROWS
    short = cleaned(["lte"] * 20, rsrp_dbm=[-90.0 - i for i in range(20)], sinr_db=[0.0] * 20)
    steady = cleaned(["lte"] * n, rsrp_dbm=[-90.0] * n, sinr_db=[7.0] * n)
    assert not found(short)
    assert not found(steady)
