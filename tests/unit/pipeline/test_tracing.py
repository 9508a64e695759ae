"""Figures of tests on the scorecard, computed once more from counts of tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from covermap.engine.step import StepContext
from covermap.pipeline.tracing import trace
from covermap.rules import load_pack
from covermap.steps import quality, score
from covermap.store import Build, Tables, write_table, write_text
from covermap.tables import TEST_EVIDENCE, conform, in_order
from covermap.workspace import Config

PACK = load_pack("miit-2025")
TESTS = (
    # operator, technology, source, kind, Mbit/s, tests, run
    ("46000", "nr", "drive", "downlink", 300, 40, "r1"),
    ("46000", "nr", "drive", "downlink", 90, 10, "r2/part-1"),
    ("46000", "nr", "drive", "downlink", 90, 5, "r2/part-2"),
    ("46000", "lte", "drive", "downlink", 9, 7, "r1"),
    ("46000", "none", "drive", "downlink", 0, 3, "r3"),
    ("46000", "nr", "probe", "downlink", 500, 20, "p1"),
    ("46001", "nr", "drive", "downlink", 120, 30, "r4"),
    ("46000", "nr", "drive", "uplink", 60, 30, "r1"),
    ("46001", "gsm", "drive", "uplink", 0.1, 30, "r4"),
)


def built(folder: Path, config: Config) -> Build:
    rows: list[dict[str, Any]] = [
        {"scope": "all", "operator": o, "technology": t, "source": s, "kind": k, "run_id": run,
         "period": "2025-01" if run == "r1" else "2025-02", "bin": round(rate * 1e6), "n": n,
         "sum": round(rate * 1e6) * n, "simulated": False}
        for o, t, s, k, rate, n, run in TESTS
    ]  # fmt: skip
    data = conform(pa.Table.from_pylist(rows, TEST_EVIDENCE.schema), TEST_EVIDENCE)
    write_table(folder / "test_evidence.parquet", in_order(data, TEST_EVIDENCE), TEST_EVIDENCE)
    tables = Tables(folder, config.judge.within)
    for step in (quality.judge_tests, score.run):
        step(StepContext(tables, folder, config, PACK))
    said = {"rules": PACK.model_dump(mode="json"), "config": config.model_dump(mode="json")}
    write_text(folder / "build.json", json.dumps(said))
    return Build(folder)


@pytest.mark.parametrize("judge", [{}, {"first": "2025-02"}])
def test_means_and_shares_of_tests_follow_from_the_tests_of_each_run(
    tmp_path: Path, judge: dict[str, str]
) -> None:
    build = built(tmp_path, Config.model_validate({"judge": judge}))
    rows = [r for r in build.read("scorecard").to_pylist() if r["kind"] == "service"]
    known = [row for row in rows if row["value"] is not None]
    assert {row["target"] for row in known} == {"downlink", "uplink", "tests"}
    assert {row["source"] for row in known} == {"drive", "probe", "mixed"}
    for row in known:
        found = trace(build, row)
        assert found.again == pytest.approx(row["value"], abs=1e-9), row
        assert sum(found.rows["tests"].to_pylist()) >= row["rows"]


def test_tests_without_service_and_of_slow_technologies_are_counted_by_hand(
    tmp_path: Path,
) -> None:
    build = built(tmp_path, Config())
    rows = build.read("scorecard").to_pylist()
    (row,) = (r for r in rows if r["target"] == "tests" and r["headline"])
    assert (row["operator"], row["technology"], row["source"]) == ("any", "any", "mixed")
    # met: 40 + 20 + 30 down, 30 up; asked besides: 15 at 90, 7 of lte at 9, 3 without service
    assert row["value"] == pytest.approx(120 / 145)
    found = trace(build, row)
    assert found.again == pytest.approx(120 / 145)
    by_run = {r["run"]: (r["tests"], r["met"]) for r in found.rows.to_pylist()}
    assert by_run["r2"] == (15, 0)
    assert by_run["r1"] == (77, 70)
