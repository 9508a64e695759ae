"""Dakar: G-NetTrack Pro logs of three phones on one circuit, one of them often without service.

Definitions of the counts: problems are counted over all rows read, exact duplicates included;
`repeated_position` is a position equal to that of the row before in time; `duplicate` is a line
equal to an earlier one in every character.
"""

import random

import pyarrow.compute as pc
import pytest

from real_logs import ingest_files

pytestmark = pytest.mark.real

PHONES = {"Orange": "60801", "Yas": "60802", "expresso": "60803"}
READ = {"Orange": 2625, "Yas": 2719, "expresso": 2955}
ACCEPTED = {"Orange": 941, "Yas": 2449, "expresso": 2506}
REJECTED = {
    "Orange": {"duplicate": 361, "impossible_signal": 1320, "sentinel": 3},
    "Yas": {"duplicate": 270},
    "expresso": {"duplicate": 449},
}
REPEATED = {"Orange": 2171, "Yas": 2261, "expresso": 2523}


def ingest(files, phone, kind="gnettrack"):
    plmn = PHONES[phone]
    return ingest_files(
        files, name=f"dakar-{phone.lower()}", format=kind, timezone="Africa/Dakar",
        operator=plmn, operators={phone: plmn},
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "measurements" / "dakar_gnettrack"


@pytest.fixture(scope="module")
def logs(folder):
    return {phone: ingest([folder / f"{phone}_log.txt"], phone) for phone in PHONES}


@pytest.mark.parametrize("phone", list(PHONES))
def test_every_row_is_accepted_or_rejected_for_a_reason(logs, phone):
    assert logs[phone].adds_up()
    assert logs[phone].read == READ[phone]
    assert logs[phone].accepted == ACCEPTED[phone]
    assert logs[phone].rejected == REJECTED[phone]


@pytest.mark.parametrize("phone", list(PHONES))
def test_rows_of_22_fields_under_21_names_are_read_and_counted(logs, phone):
    assert logs[phone].problems["extra_field"] == READ[phone]


@pytest.mark.parametrize("phone", list(PHONES))
def test_repeated_positions_are_83_to_85_percent(logs, phone):
    repeated = logs[phone].problems["repeated_position"]
    assert repeated == REPEATED[phone]
    assert 0.825 < repeated / READ[phone] < 0.855


@pytest.mark.parametrize("phone", list(PHONES))
def test_the_first_of_each_set_of_equal_lines_is_kept(folder, logs, phone):
    lines = (folder / f"{phone}_log.txt").read_text().splitlines()
    seen, again = set(), set()
    for number, line in enumerate(lines, 1):
        (again.add(number) if line in seen else seen.add(line))
    (made,) = logs[phone].by_file.values()
    rejected = made.rejected.filter(pc.equal(made.rejected["reason"], "duplicate"))
    assert set(rejected["line"].to_pylist()) == again


def test_levels_that_no_phone_can_report_are_found_and_told_apart(folder, logs):
    rows = [r.split("\t") for r in (folder / "Orange_log.txt").read_text().splitlines()[1:]]
    levels = [float(r[10]) for r in rows]
    assert levels.count(-24) == 1433  # half of the rows: 1401 on 3G, 32 on 4G
    assert levels.count(-164) == 121  # below RSRP_-17, the lowest report of LTE
    assert (levels.count(-200), levels.count(-340)) == (2, 1)
    assert logs["Orange"].problems["impossible_rsrp"] == 1433 + 121
    assert logs["Orange"].problems["sentinel_rsrp"] == 2 + 1
    level = logs["Orange"].table("samples")["rsrp_dbm"]
    assert level.null_count == 0
    assert pc.max(level).as_py() <= -44


def test_a_rejected_row_names_its_level_and_keeps_its_line(folder, logs):
    (made,) = logs["Orange"].by_file.values()
    lines = (folder / "Orange_log.txt").read_text().splitlines()
    row = next(r for r in made.rejected.to_pylist() if r["reason"] == "impossible_signal")
    assert row["detail"] in (
        "level -24 dBm is outside what umts can report",
        "level -164 dBm is outside what lte can report",
    )
    assert lines[row["line"] - 1].startswith(row["raw"].rstrip())


def test_all_253_rows_without_coverage_stay_evidence(logs):
    expresso = logs["expresso"]
    assert expresso.problems["no_service"] == 253
    assert expresso.problems["sentinel_rsrp"] == 253  # their level is -200
    samples = expresso.table("samples")
    silent = samples.filter(pc.invert(samples["service"]))
    assert silent.num_rows == 253
    assert set(silent["technology"].to_pylist()) == {"none"}
    assert set(silent["operator"].to_pylist()) == {"60803"}
    assert silent["rsrp_dbm"].null_count == 253


def test_blank_operators_are_the_declared_one(logs):
    assert logs["expresso"].problems["blank_operator"] == 478
    assert logs["expresso"].problems["blank_operator_without_service"] == 253
    for phone, plmn in PHONES.items():
        assert logs[phone].count("operator") == {plmn: ACCEPTED[phone]}


def test_a_sinr_that_is_always_zero_is_not_taken_for_one(logs):
    assert logs["Orange"].problems["constant_sinr"] == 1190
    assert logs["Yas"].problems["constant_sinr"] == 1861
    assert "constant_sinr" not in logs["expresso"].problems
    assert logs["Yas"].table("samples")["sinr_db"].null_count == ACCEPTED["Yas"]


def test_gsm_at_the_bottom_of_the_scale_is_kept(logs):
    assert logs["Yas"].problems["floor_level"] == 118
    assert logs["Yas"].count("technology") == {"lte": 1662, "umts": 645, "gsm": 142}


@pytest.mark.parametrize(("phone", "tests"), [("Orange", 40), ("Yas", 41), ("expresso", 41)])
def test_test_results_are_kept_whatever_their_level(folder, phone, tests):
    report = ingest([folder / f"{phone}_log_datatest.txt"], phone, "gnettrack-datatest")
    assert (report.read, report.accepted) == (tests, tests)
    samples = report.table("samples")
    assert samples["dl_kbps"].null_count == (phone == "expresso")  # one failed test
    if phone == "Orange":
        assert report.problems["impossible_rsrp"] == 14
        assert samples["rsrp_dbm"].null_count == 14


def test_shuffled_rows_give_the_same_samples(folder, logs, tmp_path):
    header, *rows = (folder / "expresso_log.txt").read_text().splitlines(keepends=True)
    random.Random(7).shuffle(rows)
    path = tmp_path / "expresso_log.txt"
    path.write_text(header + "".join(rows))
    shuffled = ingest([path], "expresso")
    assert shuffled.table("samples") == logs["expresso"].table("samples")
    assert shuffled.table("runs") == logs["expresso"].table("runs")


@pytest.mark.parametrize(
    ("phone", "calls", "blocked"), [("Orange", 39, 0), ("Yas", 41, 0), ("expresso", 40, 3)]
)
def test_events_tell_how_every_call_came_out(folder, phone, calls, blocked):
    path = folder / f"{phone}_log_events.txt"
    report = ingest([path], phone, "gnettrack-events")
    rows = [r.split("\t") for r in path.read_text().splitlines()[1:]]
    ends = [r for r in rows if r[13].startswith("CALL_") and r[13] != "CALL_START"]
    of_test = [r for r in ends if "VOICE SEQUENCE" in r[14]]
    assert len(of_test) == calls
    assert (report.accepted, report.rejected) == (calls, {"no_measurement": len(rows) - calls})
    assert report.adds_up()
    connected = report.table("samples")["connected"].to_pylist()
    assert connected.count(False) == blocked == sum(r[13] == "CALL_BLOCK" for r in of_test)
    assert None not in connected
