"""Bad rows of logs, from the file to what `covermap build` says: none is lost without a word."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest

from commands import Said, covermap
from covermap.core.datum import from_wgs84
from covermap.store import Build, Workspace
from workspaces import make_workspace

pytestmark = pytest.mark.slow  # whole builds

HEADER = "time,lon,lat,plmn,tech,rsrp,sinr,speed,service"
COLUMNS = {
    "time": "time", "x": "lon", "y": "lat", "operator": "plmn", "technology": "tech",
    "rsrp_dbm": "rsrp", "sinr_db": "sinr", "speed_mps": "speed", "service": "service",
}  # fmt: skip
ROWS = 40

IMPOSSIBLE = "-24"
SENTINELS = ("-200", "-205", "-340", "2147483647", "9223372036854775807")
NO_POSITION = ("NaN,31.3", "120.6,nan", ",", "inf,31.3", "east,31.3")
OFF_RANGE = ("190.5,131.3",)


def row(k: int, *, time: str = "", place: str = "", rest: str = "46000,LTE,-90,5,10,true") -> str:
    """One good row along the road of the workspace, or one with something else in it."""
    share = k / ROWS
    lon, lat = 120.60 + 0.06 * share, 31.30 + 0.009 * share
    clock = time or f"2026-04-01 08:{k // 60:02d}:{k % 60:02d}"
    return f"{clock},{place or f'{lon:.7f},{lat:.7f}'},{rest}"


def good(n: int = ROWS) -> list[str]:
    return [row(k) for k in range(n)]


def swapped() -> list[str]:
    return [row(k, place=f"{31.3 + k / 9e3:.6f},{120.6 + k / 9e2:.6f}") for k in range(ROWS)]


def shifted() -> list[str]:
    """The road as a Chinese map gives it, declared as WGS-84."""
    share = np.arange(ROWS) / ROWS
    x, y = from_wgs84(120.60 + 0.06 * share, 31.30 + 0.009 * share, "gcj02")
    places = zip(x, y, strict=True)
    return [row(k, place=f"{a:.7f},{b:.7f}") for k, (a, b) in enumerate(places)]


def bad_levels() -> list[str]:
    levels = [row(k, rest=f"46000,LTE,{v},,10,true") for k, v in enumerate(SENTINELS)]
    return [*levels, row(9, rest=f"46000,UMTS,{IMPOSSIBLE},,10,true"), *good()[20:]]


def bad_fields() -> list[str]:
    """Rows that keep their level and lose one other value."""
    return [*good(), row(3, rest="46000,LTE,-91,9223372036854775807,10,true"),
            row(4, rest="46000,LTE,-91,5,-2147483648,true")]  # fmt: skip


def without_service() -> list[str]:
    """Rows that state there is no service, with placeholders in place of a level."""
    return [*good(), *(row(k, rest=f"46000,,{v},,10,false") for k, v in enumerate(SENTINELS))]


LOGS: dict[str, list[str]] = {
    "swapped": swapped(),
    "some-swapped": [*good(), row(1, place="31.3,120.6"), row(2, place="31.31,120.61")],
    "shifted": shifted(),
    "no-zone": good(),
    "two-clocks": [*(row(k, time=f"2026-04-02T00:00:{k:02d}Z") for k in range(30)), row(31)],
    "future": [*good(), row(0, time="2091-01-01 00:00:00"), row(1, time="1970-01-01 00:00:00"),
               row(2, time="yesterday")],
    "all-future": [row(k, time=f"2091-01-01 00:00:{k:02d}") for k in range(30)],
    "levels": bad_levels(),
    "fields": bad_fields(),
    "no-service": without_service(),
    "nowhere": [*good(), *(row(k, place=p) for k, p in enumerate(NO_POSITION))],
    "off-range": [*good(), *(row(k, place=p) for k, p in enumerate(OFF_RANGE)),
                  row(9, place="0,0")],
    "ragged": [*good(), row(1)[:30], row(2) + ",surplus", row(3) + ",,"],
    "wide": [line + ",7" for line in good()],
    "no-operator": [row(k, rest=",LTE,-90,5,10,true") for k in range(ROWS)],
    "no-technology": [*good(), row(1, rest="46000,6G,-90,5,10,true")],
}  # fmt: skip


def declare(name: str, *, zone: str | None = "Asia/Shanghai") -> str:
    columns = ", ".join(f"{k} = {json.dumps(v)}" for k, v in COLUMNS.items())
    lines = ["", "[[measurements]]", f'name = "{name}"', f'files = ["logs/{name}.csv"]']
    lines += ['format = "table"', 'source = "drive"', 'datum = "wgs84"', f"columns = {{{columns}}}"]
    return "\n".join([*lines, *([f'timezone = "{zone}"'] if zone else [])]) + "\n"


class Result:
    """What a build made of every log."""

    def __init__(self, said: Said, text: Said, build: Build) -> None:
        self.said, self.text, self.build = said, text, build
        self.files = {one["input"]: one for one in said.data["files"]}

    def rows(self, table: str, name: str) -> list[dict[str, Any]]:
        data = self.build.read(table)
        return list(data.filter(pc.equal(data["input"], name)).to_pylist())

    def rejected(self, name: str) -> dict[str, int]:
        counts: dict[str, int] = self.files[name]["rejected"]
        return counts

    def problem(self, name: str, kind: str) -> dict[str, Any]:
        (found,) = [r for r in self.rows("problems", name) if r["problem"] == kind]
        return found

    def told(self, name: str) -> list[str]:
        """Lines under 'look at' that name the log's file."""
        after = self.text.out.split("look at:\n", 1)[1].splitlines()
        return [line.strip() for line in after if line.strip().startswith(f"logs/{name}.csv")]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    root = make_workspace(tmp_path_factory.mktemp("rows") / "w", runs=1)
    (root / "logs").mkdir()
    declared = []
    for name, lines in LOGS.items():
        write(root / "logs" / f"{name}.csv", lines)
        declared.append(declare(name, zone=None if name == "no-zone" else "Asia/Shanghai"))
    chinese = [line.replace("true", "是").encode("gb18030") for line in good()[20:]]
    accents = [line.replace("true", "in service é").encode() for line in good()[:20]]
    (root / "logs" / "encodings.csv").write_bytes(b"\n".join([HEADER.encode(), *accents, *chinese]))
    with (root / "covermap.toml").open("a", encoding="utf-8") as stream:
        stream.write("".join([*declared, declare("encodings")]))
    said = covermap("build", root, "--workers", "1", "--json")
    assert said.code == 0, said.err
    return Result(said, covermap("build", root, "--workers", "1"), Workspace(root).current())


def write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")


@pytest.mark.parametrize("name", [*LOGS, "encodings"])
def test_every_row_read_is_accepted_or_rejected_with_a_reason(result: Result, name: str) -> None:
    counts = result.files[name]
    rows = len(LOGS.get(name, good()))
    assert counts["read"] == counts["accepted"] + sum(counts["rejected"].values()) == rows
    rejected = result.rows("rejected", name)
    assert len(rejected) == sum(counts["rejected"].values())
    for one in rejected:
        assert one["line"] >= 2
        assert one["detail"]
        assert one["raw"]


def test_the_sums_over_all_logs_are_told(result: Result) -> None:
    said = result.said.data
    accepted, rejected = said["accepted"], sum(said["rejected"].values())
    assert f"{said['read']} rows read = {accepted} accepted + {rejected} rejected" in (
        result.text.out
    )
    assert said["read"] == accepted + rejected
    assert result.build.rows("samples") == accepted


def test_gcj02_declared_as_wgs84_is_named_by_the_build(result: Result) -> None:
    found = result.problem("shifted", "likely_gcj02")
    assert found["count"] == ROWS
    assert "read as GCJ-02" in found["example"]
    (told,) = result.told("shifted")
    assert "likely_gcj02 40" in told
    assert 'declare datum = "gcj02"' in told
    assert result.told("no-service") == []


def test_a_file_with_longitude_and_latitude_exchanged_is_rejected_and_named(
    result: Result,
) -> None:
    assert result.rejected("swapped") == {"position_swapped": ROWS}
    assert result.problem("swapped", "file_swapped")["count"] == ROWS
    told = " ".join(result.told("swapped"))
    assert "40 of 40 rows rejected: position_swapped 40" in told
    assert "exchange x and y in columns" in told


def test_a_few_exchanged_positions_are_rejected_alone(result: Result) -> None:
    assert result.rejected("some-swapped") == {"position_swapped": 2}
    assert "x = 31.3, y = 120.6" in result.rows("rejected", "some-swapped")[0]["detail"]
    assert result.told("some-swapped") == []


def test_times_without_a_zone_are_told_when_none_is_declared(result: Result) -> None:
    assert result.rejected("no-zone") == {}
    assert "taken as UTC" in result.problem("no-zone", "zone_not_declared")["action"]
    (told,) = result.told("no-zone")
    assert told.startswith("logs/no-zone.csv: zone_not_declared 40 from line 2 (2026-04-01 08:00")
    assert told.endswith("declare timezone")


def test_a_time_without_zone_among_times_with_one_is_rejected(result: Result) -> None:
    assert result.rejected("two-clocks") == {"bad_time": 1}
    (found,) = result.rows("rejected", "two-clocks")
    assert (found["line"], "2026-04-01 08:00:31" in found["detail"]) == (32, True)


def test_times_in_the_future_before_1990_and_unreadable_are_rejected(result: Result) -> None:
    assert result.rejected("future") == {"bad_time": 1, "time_in_future": 1, "time_too_old": 1}
    details = {r["reason"]: r["detail"] for r in result.rows("rejected", "future")}
    assert details["time_in_future"] == "time 2091-01-01 00:00:00 is later than now"
    assert details["time_too_old"] == "time 1970-01-01 00:00:00 is before 1990"
    assert details["bad_time"] == "time yesterday cannot be read"


def test_a_log_wholly_in_the_future_is_named(result: Result) -> None:
    assert result.files["all-future"]["accepted"] == 0
    assert result.told("all-future") == [
        "logs/all-future.csv: 30 of 30 rows rejected: time_in_future 30"
    ]


def test_impossible_levels_and_placeholders_are_rejected_with_their_value(result: Result) -> None:
    assert result.rejected("levels") == {"impossible_signal": 1, "sentinel": 5}
    found = result.rows("rejected", "levels")
    told = [r["detail"] for r in found if r["reason"] == "impossible_signal"]
    assert told == [f"level {IMPOSSIBLE} dBm is outside what umts can report"]
    for one, value in zip(found, SENTINELS, strict=False):
        assert one["reason"] == "sentinel"
        assert f"LTE,{value}," in one["raw"]
        assert one["detail"] == f"level {float(value):.16g} dBm is a placeholder"


def test_a_bad_field_beside_a_good_level_is_blanked_and_counted(result: Result) -> None:
    assert result.rejected("fields") == {}
    assert result.problem("fields", "sentinel_sinr")["action"] == "blanked"
    assert result.problem("fields", "sentinel_speed")["first_line"] == ROWS + 3


def test_rows_without_service_are_evidence_whatever_stands_in_place_of_a_level(
    result: Result,
) -> None:
    assert result.rejected("no-service") == {}
    assert result.files["no-service"]["accepted"] == ROWS + len(SENTINELS)
    samples = result.build.read("samples")
    mine = samples.filter(pc.equal(samples["campaign"], "no-service"))
    silent = mine.filter(pc.invert(mine["service"]))
    assert silent.num_rows == len(SENTINELS)
    assert silent["rsrp_dbm"].null_count == len(SENTINELS)
    assert set(silent["operator"].to_pylist()) == {"46000"}
    assert result.problem("no-service", "no_service")["count"] == len(SENTINELS)


def test_coordinates_that_are_no_numbers_or_nan_are_rejected(result: Result) -> None:
    assert result.rejected("nowhere") == {"no_position": len(NO_POSITION)}


def test_coordinates_outside_the_datum_and_zero_are_rejected(result: Result) -> None:
    assert result.rejected("off-range") == {"position_out_of_range": 1, "position_zero": 1}
    details = [r["detail"] for r in result.rows("rejected", "off-range")]
    assert "x = 190.5, y = 131.3 is outside the range of wgs84" in details


def test_rows_that_do_not_fit_the_header_are_rejected_with_their_line(result: Result) -> None:
    assert result.rejected("ragged") == {"malformed_row": 2}
    found = [(r["line"], r["detail"]) for r in result.rows("rejected", "ragged")]
    assert found == [
        (ROWS + 2, "2 fields under a header of 9 names"),
        (ROWS + 3, "10 fields under a header of 9 names"),
    ]
    assert result.problem("ragged", "extra_field")["count"] == 1


def test_one_field_more_than_names_in_every_row_is_read_and_counted(result: Result) -> None:
    assert result.rejected("wide") == {}
    found = result.problem("wide", "extra_field")
    assert (found["count"], found["example"]) == (ROWS, "7")
    assert "the header does not name them" in found["action"]


def test_rows_without_operator_or_known_technology_say_what_to_declare(result: Result) -> None:
    assert result.rejected("no-operator") == {"no_operator": ROWS}
    assert "declare `operator`" in result.rows("rejected", "no-operator")[0]["detail"]
    assert result.rejected("no-technology") == {"unknown_technology": 1}
    assert "6G" in result.rows("rejected", "no-technology")[0]["detail"]
    assert any("unknown_technology 1 from line 42 (6G)" in t for t in result.told("no-technology"))


def test_two_encodings_in_one_file_are_read_line_by_line_and_named(result: Result) -> None:
    found = result.problem("encodings", "mixed_encoding")
    assert (found["count"], found["first_line"]) == (20, 22)
    assert "是" in found["example"]
    told = " ".join(result.told("encodings"))
    assert "mixed_encoding 20 from line 22" in told
    assert "save the file in one encoding" in told
