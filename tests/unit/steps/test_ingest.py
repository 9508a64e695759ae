import datetime as dt

import pytest

from covermap.errors import DatumError, NotKnownError
from covermap.formats.logs.base import malformed_table
from covermap.formats.source import expand
from covermap.steps.ingest import ingest_source
from covermap.tables import PROBLEMS, REJECTED, RUNS, SAMPLES
from covermap.workspace import Config, Measurements
from made_readings import NOW_MS, T0_MS, counts, ingest, readings, reasons, row


def sample(ingested, i=0):
    return ingested.samples.slice(i, 1).to_pylist()[0]


def test_a_good_row_becomes_a_sample_with_everything_declared():
    made = ingest(
        [row(device="imei-1", mark=None, sinr_db=12.0, pci=325, cell_id="5387")],
        campaign="spring", antenna="roof", source="app",
    )  # fmt: skip
    found = sample(made)
    assert found["time"] == dt.datetime(2025, 7, 18, 22, tzinfo=dt.UTC)
    assert (found["lon"], found["lat"]) == (-17.44, 14.66)
    assert (found["position_basis"], found["position_error_m"]) == ("fix", 10.0)
    assert (found["operator"], found["technology"], found["service"]) == ("60801", "lte", True)
    assert (found["campaign"], found["source"], found["antenna"]) == ("spring", "app", "roof")
    assert (found["period"], found["simulated"], found["seq"]) == ("2025-07", False, 0)
    assert (found["rsrp_dbm"], found["sinr_db"], found["pci"]) == (-90.0, 12.0, 325)
    assert not counts(made)
    assert not reasons(made)


def test_the_tables_have_their_schemas_even_without_rows():
    made = ingest([])
    assert made.samples.schema == SAMPLES.schema
    assert made.rejected.schema == REJECTED.schema
    assert made.problems.schema == PROBLEMS.schema
    assert made.runs.schema == RUNS.schema
    assert made.runs["read"].to_pylist() == [0]


def test_devices_are_hashed_with_the_workspaces_salt():
    def device(salt):
        config = Config.model_validate({"workspace": {"salt": salt}})
        return sample(ingest([row(device="imei-1")], config=config))["device_id"]

    assert device("a") != device("b")
    assert device("a") == device("a")
    assert len(device("a")) == 16


BAD_ROWS = {
    "no_position": {"x": float("nan")},
    "position_zero": {"x": 0.0, "y": 0.0},
    "position_out_of_range": {"x": 999.0},
    "position_swapped": {"x": 14.66, "y": 120.0},
    "bad_time": {"time_ms": None},
    "no_time": {"time_ms": None, "time_text": None},
    "time_in_future": {"time_ms": NOW_MS + 86_400_001},
    "time_too_old": {"time_ms": 0},
    "unknown_technology": {"technology": "EVDO"},
    "no_operator": {"operator": "0"},
    "impossible_signal": {"technology": "3G", "rsrp_dbm": -24.0},
    "sentinel": {"rsrp_dbm": -340.0},
    "no_measurement": {"rsrp_dbm": None},
}


@pytest.mark.parametrize("reason", list(BAD_ROWS))
def test_each_bad_row_is_rejected_with_its_reason_line_and_text(reason):
    others = [] if reason == "no_operator" else [row(i) for i in range(2)]
    made = ingest([*others, row(5, line=77, raw="as it was", **BAD_ROWS[reason])])
    assert reasons(made) == {77: reason}
    (found,) = made.rejected.to_pylist()
    assert found["raw"] == "as it was"
    assert found["detail"]
    assert (found["input"], found["file"]) == ("made", "raw/a.csv")


def test_the_detail_names_the_value_and_the_rule():
    made = ingest([row(rsrp_dbm=-24.0, technology="3G")])
    assert made.rejected["detail"].to_pylist() == ["level -24 dBm is outside what umts can report"]


def test_a_bad_level_is_blanked_where_a_rate_is_left():
    made = ingest([row(rsrp_dbm=-200.0, dl_kbps=900.0)])
    assert sample(made)["rsrp_dbm"] is None
    assert sample(made)["dl_kbps"] == 900.0
    assert counts(made) == {"sentinel_rsrp": 1}


def test_no_service_is_evidence_even_without_operator_position_and_level():
    silent = {"service": False, "technology": "--", "operator": None, "rsrp_dbm": -200.0}
    rows = [row(0), row(1, x=None, y=None, **silent), row(2, x=-17.439)]
    made = ingest(rows)
    found = sample(made, 1)
    assert (found["technology"], found["service"], found["rsrp_dbm"]) == ("none", False, None)
    assert found["operator"] == "60801"
    assert found["position_basis"] == "between_fixes"
    assert found["lon"] == pytest.approx(-17.4395)
    assert counts(made)["no_service"] == 1
    assert not reasons(made)


def test_two_dashes_for_a_technology_state_that_there_is_no_service():
    made = ingest([row(technology="--", rsrp_dbm=None)])
    assert sample(made)["service"] is False


def test_rows_of_a_run_with_station_marks_need_no_position():
    made = ingest([row(0, x=None, y=None, mark="A"), row(1, x=0.0, y=0.0), row(2, x=None)])
    assert made.samples["position_basis"].to_pylist() == ["lost"] * 3
    assert made.samples["mark"].to_pylist() == ["A", None, None]
    assert counts(made)["no_position"] == 2
    assert counts(made)["position_zero"] == 1


def test_exact_duplicates_leave_the_lowest_line():
    twin = row(1, raw="same")
    made = ingest([row(0), {**twin, "line": 9}, {**twin, "line": 5}, row(1, raw="other", pci=3)])
    assert reasons(made) == {9: "duplicate"}
    assert made.samples.num_rows == 3


def test_a_bad_duplicate_is_a_duplicate():
    bad = row(1, raw="same", rsrp_dbm=-200.0)
    made = ingest([{**bad, "line": 2}, {**bad, "line": 3}])
    assert reasons(made) == {2: "sentinel", 3: "duplicate"}
    assert counts(made)["sentinel_rsrp"] == 2


def test_blank_operators_are_the_sims_and_junk_is_counted():
    made = ingest([row(0, operator=None), row(1, operator="0"), row(2), row(3, operator="27203")],
                  operator="60802")  # fmt: skip
    assert made.samples["operator"].to_pylist() == ["60802", "60802", "60801", "27203"]
    assert counts(made)["blank_operator"] == 1
    assert counts(made)["junk_operator"] == 1


def test_without_a_declared_sim_most_rows_of_the_run_decide():
    made = ingest([row(0), row(1), row(2, operator="60802"), row(3, operator=None)])
    assert made.samples["operator"].to_pylist() == ["60801", "60801", "60802", "60801"]
    assert counts(made)["other_operator"] == 1
    assert made.runs["operator"].to_pylist() == ["60801"]


def test_a_log_without_any_operator_has_no_blank_ones():
    made = ingest([row(0, operator=None)], operator="46000")
    assert not counts(made)
    assert sample(made)["operator"] == "46000"


def test_runs_in_one_file_are_told_apart_by_their_key():
    made = ingest([row(0, run_key="b"), row(1, run_key="a"), row(2, run_key="b")])
    ids = made.runs["run_id"].to_pylist()
    assert [i.rsplit("/", 1)[1] for i in ids] == ["a", "b"]
    assert made.runs["read"].to_pylist() == [1, 2]
    assert made.samples["seq"].to_pylist() == [0, 0, 1]


def test_files_of_one_name_in_different_folders_are_different_runs():
    one, other = ingest([row()], file="day1/a.csv"), ingest([row()], file="day2/a.csv")
    assert one.runs["run_id"] != other.runs["run_id"]
    assert one.runs["run_id"].to_pylist()[0].startswith("made/a~")


def test_a_run_knows_its_span_way_and_counts():
    made = ingest([row(0), row(10, x=-17.441), row(20, x=-17.441, rsrp_dbm=None)],
                  malformed=malformed_table([9], ["3 fields, not 7"], ["a,b,c"]))  # fmt: skip
    (run,) = made.runs.to_pylist()
    assert (run["read"], run["accepted"], run["rejected"]) == (4, 2, 2)
    assert run["first_time"].timestamp() * 1000 == T0_MS
    assert run["last_time"].timestamp() * 1000 == T0_MS + 10_000
    assert run["distance_m"] == pytest.approx(107.7, abs=0.1)
    assert reasons(made)[9] == "malformed_row"


def test_times_without_a_zone_are_read_in_the_declared_one():
    made = ingest([row()], time_kind="local", timezone="Asia/Shanghai")
    assert sample(made)["time"].timestamp() * 1000 == T0_MS - 8 * 3_600_000
    assert not counts(made)


def test_a_zone_or_datum_that_is_not_declared_is_said():
    made = ingest([row()], time_kind="local", datum=None, format="gnettrack")
    assert counts(made) == {"zone_not_declared": 1, "datum_not_declared": 1}


def test_a_mapped_table_must_declare_its_datum():
    with pytest.raises(DatumError, match="datum is not declared"):
        ingest([row()], datum=None)


def test_a_file_without_times_is_a_bag_of_points():
    bag = {"time_ms": None, "time_text": None}
    made = ingest([row(**bag), row(x=-17.0, **bag)], time_kind="none")
    assert made.samples["time"].to_pylist() == [None, None]
    assert made.samples["period"].to_pylist() == ["undated"] * 2
    assert made.runs["first_time"].to_pylist() == [None]


def test_positions_come_out_in_wgs84():
    made = ingest([row(x=329231.16, y=3463455.04)], datum="EPSG:32651")
    assert sample(made)["lon"] == pytest.approx(121.2056, abs=1e-3)
    assert sample(made)["lat"] == pytest.approx(31.2930, abs=1e-3)


def test_a_file_whose_every_row_is_exchanged_is_named_so():
    made = ingest([row(i, x=31.2, y=121.4 + i / 1000) for i in range(3)])
    assert set(reasons(made).values()) == {"position_swapped"}
    assert counts(made)["file_swapped"] == 3


def test_the_first_line_and_value_of_a_problem_are_shown():
    made = ingest([row(1, line=9, rsrp_dbm=-24.0), row(0, line=4, rsrp_dbm=-30.0)])
    problems = {p["problem"]: p for p in made.problems.to_pylist()}
    assert problems["impossible_rsrp"]["first_line"] == 4
    assert problems["impossible_rsrp"]["example"] == "-30"


def test_an_unknown_format_is_named_with_those_there_are(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    (source,) = expand(path, "a.csv")
    said = Measurements(name="x", files=("a.csv",), format="nemo", source="drive")
    with pytest.raises(NotKnownError, match=r"no format 'nemo'.*gnettrack"):
        ingest_source(source, said, Config(), NOW_MS)


def test_a_source_is_read_and_sorted_out(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("t,lon,lat,op,tech,rsrp\n1752876000,-17.4,14.6,60801,4G,-90\nx,1,2,3\n")
    (source,) = expand(path, "raw/a.csv")
    columns = {"time": "t", "x": "lon", "y": "lat", "operator": "op", "technology": "tech",
               "rsrp_dbm": "rsrp"}  # fmt: skip
    said = Measurements(name="x", files=("a.csv",), format="table", source="drive", datum="wgs84",
                        columns=columns, units={"time": "s"})  # fmt: skip
    made = ingest_source(source, said, Config(), NOW_MS)
    assert made.samples.num_rows == 1
    assert reasons(made) == {3: "malformed_row"}


def test_readings_in_several_chunks_are_read_like_one():
    import pyarrow as pa

    table = readings([row(0), row(1, operator=None), row(2, x=None)])
    cut = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert ingest(cut) == ingest(table)
