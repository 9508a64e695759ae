"""Real logs through `covermap build --json`, as delivered: what is read, kept and rejected."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from covermap.store import Workspace
from real_logs import BREMEN, CORK

pytestmark = pytest.mark.real

COVERMAP = [sys.executable, "-c", "from covermap.cli import main; main()"]

DAKAR = """
[[measurements]]
name = "dakar-{name}"
files = ["{data}/dakar_gnettrack/{phone}_log.txt"]
format = "gnettrack"
source = "drive"
datum = "wgs84"
timezone = "Africa/Dakar"
antenna = "handheld"
operator = "{plmn}"
operators = {{ "{phone}" = "{plmn}" }}

[[measurements]]
name = "dakar-{name}-tests"
files = ["{data}/dakar_gnettrack/{phone}_log_datatest.txt"]
format = "gnettrack-datatest"
source = "drive"
datum = "wgs84"
timezone = "Africa/Dakar"
antenna = "handheld"
operator = "{plmn}"
operators = {{ "{phone}" = "{plmn}" }}
"""
PHONES = {"Orange": "60801", "Yas": "60802", "expresso": "60803"}

SHANGHAI = """
[[measurements]]
name = "shanghai"
files = ["{data}/shanghai_v2x/*.txt"]
format = "table"
source = "drive"
datum = "EPSG:32651"
antenna = "roof"
technology = "nr"
operator = "46000"
columns = {{ time = "pub_time(ms)", x = "utmX(m)", y = "utmY(m)", speed_mps = "velocity(m/s)", \
cell_id = "cellid(db)", sinr_db = "sinr(db)", rsrp_dbm = "rsrp(db)" }}
units = {{ time = "ms" }}
"""


def run(*arguments: str) -> str:
    done = subprocess.run([*COVERMAP, *arguments], text=True, capture_output=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(folder: Path, declarations: str) -> dict[str, Any]:
    folder.mkdir()
    (folder / "covermap.toml").write_text(declarations, encoding="utf-8")
    report: dict[str, Any] = json.loads(run("build", str(folder), "--json"))
    for one in [report, *report["files"]]:
        assert one["accepted"] + sum(one["rejected"].values()) == one["read"]
    current = Workspace(folder).current()
    assert current.rows("samples") == report["accepted"]
    assert current.rows("rejected") == report["read"] - report["accepted"]
    assert current.rows("matched") == current.rows("samples")
    return report


@pytest.fixture(scope="module")
def logs(real_data: Path) -> str:
    return (real_data / "measurements").as_posix()


def test_dakar_builds_as_delivered_and_keeps_every_row_without_coverage(
    tmp_path: Path, logs: str
) -> None:
    entries = [DAKAR.format(data=logs, phone=p, name=p.lower(), plmn=n) for p, n in PHONES.items()]
    report = built(tmp_path / "dakar", "".join(entries))
    read = {Path(f["file"]).name: f["read"] for f in report["files"]}
    assert read == {
        "Orange_log.txt": 2_625, "Yas_log.txt": 2_719, "expresso_log.txt": 2_955,
        "Orange_log_datatest.txt": 40, "Yas_log_datatest.txt": 41, "expresso_log_datatest.txt": 41,
    }  # fmt: skip
    assert report["rejected"] == {"duplicate": 1_080, "impossible_signal": 1_320, "sentinel": 3}
    found = {Path(f["file"]).name: f["problems"] for f in report["files"]}
    assert found["expresso_log.txt"]["no_service"] == 253
    assert found["expresso_log.txt"]["blank_operator"] == 478
    assert all(found[f"{p}_log.txt"]["extra_field"] == read[f"{p}_log.txt"] for p in PHONES)
    current = Workspace(tmp_path / "dakar").current()
    samples = current.connect("samples")
    without = samples.execute("SELECT operator, count(*) FROM samples WHERE NOT service GROUP BY 1")
    assert without.fetchall() == [("60803", 253)]
    placed = samples.execute(
        "SELECT count(*) FROM samples WHERE NOT service AND position_error_m <= 50"
    ).fetchone()[0]
    evidence = current.connect("cell_evidence").execute(
        "SELECT coalesce(sum(n), 0) FROM cell_evidence WHERE technology = 'none'"
    )
    assert evidence.fetchone()[0] == placed > 0


def test_cork_builds_as_delivered(tmp_path: Path, real_data: Path) -> None:
    report = built(tmp_path / "cork", CORK.format(data=real_data.as_posix()))
    # three rows have a placeholder for a level, and a rate of a phone that had no data
    assert (report["read"], report["accepted"]) == (188_711, 188_708)
    assert report["rejected"] == {"sentinel": 3}
    assert len(report["files"]) == 83
    total: dict[str, int] = {}
    for one in report["files"]:
        for problem, count in one["problems"].items():
            total[problem] = total.get(problem, 0) + count
    assert total["repeated_time"] == 7_968
    assert total["position_jump"] == 10
    assert report["tables"]["cell_verdicts"] > 0


def test_shanghai_builds_as_delivered(tmp_path: Path, logs: str) -> None:
    report = built(tmp_path / "shanghai", SHANGHAI.format(data=logs))
    assert (report["read"], report["rejected"]) == (4_941, {"sentinel": 239})
    bounds = Workspace(tmp_path / "shanghai").current().manifest["bounds"]
    assert 121.1 < bounds[0] < bounds[2] < 121.4  # Anting, where the test field is
    assert 31.2 < bounds[1] < bounds[3] < 31.4


def test_bremen_gives_kilometres_by_verdict_on_a1_and_a27_and_a_list_of_weak_spots(
    tmp_path: Path, real_data: Path
) -> None:
    report = built(tmp_path / "bremen", BREMEN.format(data=real_data.as_posix()))
    assert (report["read"], report["rejected"]) == (107_289, {"duplicate": 15})
    current = Workspace(tmp_path / "bremen").current()
    rows = current.read("line_verdicts").to_pylist()
    assert {r["ref"] for r in rows} == {"A 1", "A 27"}
    for row in rows:
        parts = [row[f"{v}_km"] for v in ("covered", "weak", "none", "unmeasured")]
        assert sum(parts) == pytest.approx(row["length_km"], abs=0.001)
    measured = {ref: _km(rows, ref, ("covered", "weak", "none")) for ref in ("A 1", "A 27")}
    assert all(80 < km < 125 for km in measured["A 1"].values())
    assert all(35 < km < 75 for km in measured["A 27"].values())
    assert _km(rows, "A 27", ("weak", "none"))["26202"] > 15  # operator 2 is the weak one there

    target = tmp_path / "weak.xlsx"
    run("export", "weak-spots", str(tmp_path / "bremen"), "--to", str(target))
    book = openpyxl.load_workbook(target, read_only=True)
    listed = sum(sheet.max_row or 0 for sheet in book.worksheets)
    book.close()
    assert listed > current.rows("weak_spots") > 0


def _km(rows: list[dict[str, Any]], ref: str, verdicts: tuple[str, ...]) -> dict[str, float]:
    """Route km of LTE on a motorway by operator."""
    total: dict[str, float] = {}
    for row in rows:
        if row["ref"] == ref and row["technology"] == "lte" and row["operator"].startswith("262"):
            km = sum(row[f"route_{v}_km"] for v in verdicts)
            total[row["operator"]] = total.get(row["operator"], 0.0) + km
    return total
