"""`covermap check` on site tables: every finding with file, line, value, rule and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import covermap

HEADER = "Operator,SiteID,CellID,Technology,Longitude,Latitude,Height,Azimuth,Tx power"


def table(folder: Path, *rows: str) -> Path:
    path = folder / "cells.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


def test_each_finding_names_line_value_rule_and_what_to_do(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "46000,A,1,LTE,121.50,31.20,30,0,20 W",
        "46000,A,2,LTE,121.50,31.20,230,360,43 dBm",
        "46000,A,3,LTE,0,0,30,120,43",
        "46000,B,4,LTE,0,0,30,120,43",
        "46000,B,5,LTE,31.20,121.60,30,120,43",
    )
    said = covermap("check", path, "--datum", "wgs84")
    assert said.code == 1
    lines = [line.strip() for line in said.out.splitlines() if ": line " in line]
    assert lines == [
        f"error: {path}: line 4: lon 0, lat 0: position_zero, and 1 more (rejected) (rule: no mast "
        "stands at (0, 0)). To do: find where the cell stands; 0 is no placeholder.",
        f"error: {path}: line 6: lon 31.20, lat 121.60: position_swapped (rejected) (rule: "
        "longitude first, then latitude). To do: exchange x and y in columns.",
        f"warning: {path}: line 3: 230: high_antenna (kept) (rule: antennas hang below 150 m). To "
        "do: see whether the height is in metres and above the ground, not the sea.",
        f"note: {path}: line 2: 20 W: mixed_power_units (read as W and dBm)",
        f"note: {path}: line 3: 360: azimuth_360 (read as 0)",
    ]
    assert "sea or abroad" in said.out


def test_a_clean_table_has_no_findings(tmp_path: Path) -> None:
    path = table(tmp_path, "46000,A,1,LTE,121.50,31.20,30,0,43 dBm")
    said = covermap("check", path, "--datum", "wgs84", "--json")
    assert said.code == 0
    (file,) = said.data["files"]
    assert (file["accepted"], file["findings"]) == (1, [])


@pytest.mark.parametrize("level", ["error", "warning", "note"])
def test_findings_are_also_data(tmp_path: Path, level: str) -> None:
    rows = {"error": "46000,A,1,LTE,0,0,30,0,43", "warning": "46000,A,1,LTE,121.5,31.2,160,0,43",
            "note": "46000,A,1,LTE,121.5,31.2,30,360,43"}  # fmt: skip
    said = covermap("check", table(tmp_path, rows[level]), "--datum", "wgs84", "--json")
    (finding,) = said.data["files"][0]["findings"]
    assert (finding["level"], finding["line"], finding["count"]) == (level, 2, 1)
    assert said.code == (0 if level == "note" else 1)
