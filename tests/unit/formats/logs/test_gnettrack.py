"""G-NetTrack logs: small look-alikes of both generations."""

from pathlib import Path

import pytest

from covermap.errors import FormatError
from covermap.formats.logs import FORMATS, LogRead, ReadOptions
from covermap.formats.source import expand

RADIO_HEADER = (
    "Timestamp\tLongitude\tLatitude\tOperatorname\tOperator\tCellname\tNode\tCellID\tLAC\t"
    "NetworkTech\tLevel\tQual\tSNR\tCQI\tLTERSSI\tARFCN\tPSC\tAltitude\tDistance\tTA\tBAND"
)
START = "-17.4\t14.6"
LTE = (
    f"2025.07.18_22.11.08\t{START}\tSol\t99901\t\t21\t11\t70\t4G\t-81\t-8\t0.0\t10\t-73\t2850\t325"
    "\t74\t-1\t0\tL7\t"
)
UMTS = (
    f"2025.07.18_22.11.09\t{START}\t\t99901\t\t2\t10222\t30\t3G\t-24\t-\t-\t-\t-\t10637\t145\t67\t-1"
    "\t\tU1\t"
)
NONE = (
    f"2025.07.18_22.11.10\t{START}\tNO_COVERAGE\t\t\t0\t-1\t\t--\t-200\t-2\t-\t-\t-\t\t\t68\t-1"
    "\t\t\t"
)
CSV = (
    "Timestamp,Longitude,Latitude,Speed,Operatorname,CellID,NetworkMode,RSRP,RSRQ,SNR,CQI,RSSI,"
    "DL_bitrate,UL_bitrate,State,PINGAVG,LACHEX,RAWCELLID,NRxRSRP,NRxRSRQ\n"
    "2019.11.21_15.38.36,-8.46,51.88,36,B,1,LTE,-90,-7,9.0,7,-72,36,6,D,-,9CBA,87966209,-95,-16\n"
    "2019.11.21_15.38.37,-8.46,51.88,-,B,1,5G,-,-,-,-,-,0,0,I,67.0,9CBA,87966209,2147483647,-\n"
)


def read(folder: Path, text: str, name: str = "gnettrack") -> LogRead:
    path = folder / "log.txt"
    path.write_bytes(text.encode())
    (source,) = expand(path, path.name)
    return FORMATS[name].read(source, ReadOptions())


def test_the_tab_separated_log_tolerates_one_blank_surplus_field_and_counts_it(
    tmp_path: Path,
) -> None:
    got = read(tmp_path, "\r\n".join([RADIO_HEADER + "\t", LTE, UMTS, NONE, ""]))
    assert got.readings.num_rows == 3
    assert got.malformed.num_rows == 0
    assert [(p.problem, p.count, p.first_line) for p in got.problems] == [
        ("extra_field", 3, 2),
        ("no_service", 1, 4),
        ("blank_operator", 1, 3),
    ]


def test_levels_identities_and_operators_are_kept_as_written(tmp_path: Path) -> None:
    got = read(tmp_path, "\n".join([RADIO_HEADER, LTE, UMTS, NONE])).readings
    assert got["rsrp_dbm"].to_pylist() == [-81.0, -24.0, -200.0]
    assert got["operator"].to_pylist() == ["99901", "99901", None]
    assert got["service"].to_pylist() == [None, None, False]
    assert got["cell_id"].to_pylist() == [str(21 * 256 + 11), str(2 * 65536 + 10222), None]
    assert got["time_ms"].to_pylist() == [1752876668000, 1752876669000, 1752876670000]


def test_a_filled_surplus_field_and_a_short_row_are_malformed_with_their_lines(
    tmp_path: Path,
) -> None:
    got = read(tmp_path, "\n".join([RADIO_HEADER, LTE, "", LTE + "oops", "2025.07.18\t1", UMTS]))
    assert got.readings["line"].to_pylist() == [2, 6]
    assert got.malformed["line"].to_pylist() == [4, 5]
    assert got.malformed["detail"].to_pylist()[1] == "2 fields under a header of 21 names"


def test_the_comma_separated_log_reads_rates_speed_and_never_the_neighbour_cell(
    tmp_path: Path,
) -> None:
    got = read(tmp_path, CSV).readings
    assert got["rsrp_dbm"].to_pylist() == [-90.0, None]
    assert got["speed_mps"].to_pylist() == [10.0, None]
    assert got["dl_kbps"].to_pylist() == [36.0, None]  # idle: nothing was tested
    assert got["latency_ms"].to_pylist() == [None, 67.0]
    assert got["tac"].to_pylist() == ["40122", "40122"]


def test_a_header_swallowed_by_a_quote_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="there is no Timestamp"):
        read(tmp_path, '"' + RADIO_HEADER + "\n" + '"' + LTE + "\n" + UMTS)


@pytest.mark.parametrize("header", ["a;b;c", "Timestamp;Longitude;Latitude;Level", "x"])
def test_another_header_is_refused_by_naming_it_and_what_is_missing(
    tmp_path: Path, header: str
) -> None:
    with pytest.raises(FormatError, match=r"header is '.*expected columns.*there is no") as caught:
        read(tmp_path, header + "\n1;2;3;4\n")
    assert "\n" not in str(caught.value)
    assert header in str(caught.value)


EVENTS_HEADER = (
    "Timestamp\tLongitude\tLatitude\tOperatorname\tNetworkTech\tLevel\tEventType\t"
    "EventDetails\tState"
)
EVENTS = "\n".join(
    [
        EVENTS_HEADER,
        f"2025.07.18_22.12.48\t{START}\tSol\t4G\t-81\t\tSTART PING\tI",
        f"2025.07.18_22.13.50\t{START}\tSol\t4G\t-61\tCALL_START\t1 VOICE SEQUENCE:1\tI",
        f"2025.07.18_22.14.35\t{START}\tSol\t3G\t-24\tCALL_END\t1 VOICE SEQUENCE:1\tV",
        f"2025.07.18_22.15.10\t{START}\tSol\t3G\t-61\tCALL_END\t608-03\tD",
        f"2025.07.18_22.15.50\t{START}\tSol\t3G\t-61\tCALL_START\t1 VOICE SEQUENCE:2\tI",
        f"2025.07.18_22.16.00\t{START}\tNO COVERAGE\t--\t-200\tNO_COVERAGE\t\tI",
        f"2025.07.18_22.17.00\t{START}\tSol\t4G\t-61\tCALL_BLOCK\t1 VOICE SEQUENCE:2\tI",
        f"2025.07.18_22.17.30\t{START}\tSol\t4G\t-61\tCALL_START\t1 VOICE SEQUENCE:3\tI",
        f"2025.07.18_22.18.00\t{START}\tSol\t2G\t-61\tCALL_DROP\t1 VOICE SEQUENCE:3\tI",
        f"2025.07.18_22.19.00\t{START}\tSol\t4G\t-61\tCALL_START\t1 VOICE SEQUENCE:4\tI",
        "",
    ]
)


def test_events_say_which_calls_of_the_test_came_about_where_they_began(tmp_path: Path) -> None:
    got = read(tmp_path, EVENTS, "gnettrack-events")
    assert got.readings["connected"].to_pylist() == [True, False, True]
    assert got.readings["line"].to_pylist() == [3, 6, 9]
    # on the technology on which the call was asked for, not that of its end
    assert got.readings["technology"].to_pylist() == ["4G", "3G", "4G"]
    for name in ("rsrp_dbm", "rsrq_db", "service"):
        assert got.readings[name].null_count == 3  # the radio log has them
    assert got.malformed["line"].to_pylist() == [
        2,
        4,
        5,
        7,
        8,
        10,
        11,
    ]  # of the last no end is told
    assert set(got.malformed["reason"].to_pylist()) == {"no_measurement"}
    assert got.problems == []


def test_a_log_of_events_is_told_from_a_radio_log_by_its_head(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(EVENTS)
    (source,) = expand(path, path.name)
    sure = {name: known.sniff(source) for name, known in FORMATS.items()}
    assert max(sure, key=sure.__getitem__) == "gnettrack-events"


def test_an_idle_second_tests_no_rate_and_a_stalled_second_of_data_does(tmp_path: Path) -> None:
    row = "2019.11.21_15.38.3{},-8.46,51.88,36,B,1,LTE,-90,-7,9.0,7,-72,0,0,{},-,9CBA,8,-95,-16\n"
    states = "".join(row.format(k, state) for k, state in enumerate(("I", "V", "D", "VD", "-")))
    got = read(tmp_path, CSV.splitlines(keepends=True)[0] + states).readings
    assert got["dl_kbps"].to_pylist() == got["ul_kbps"].to_pylist() == [None, None, 0.0, 0.0, 0.0]
