"""Tests of logs to counts, and counts to figures: regions, lines, sources, packs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from covermap.core.cells import cells_at, parents
from covermap.pipeline import BuildOptions, build
from covermap.steps.quality.evidence import parent_sql
from covermap.store import Workspace
from covermap.tables import TEST_EVIDENCE

CONFIG = """
[workspace]
name = "tests"
salt = "s"

[rules]
pack = "{pack}"

[grid]
resolution = 9

[[measurements]]
name = "drive"
files = ["raw/drive*.csv"]
format = "table"
source = "drive"
datum = "wgs84"
{tests}

[[measurements]]
name = "crowd"
files = ["raw/app.csv"]
format = "table"
source = "app"
datum = "wgs84"

[[regions]]
name = "regions"
files = ["raw/regions.geojson"]
level = "county"
fields = {{ code = "code", name = "name" }}

[[lines]]
name = "roads"
files = ["raw/roads.geojson"]
line_class = "provincial"
fields = {{ name = "name" }}
"""
PACK = "miit-2025"
COLUMNS = ["time", "x", "y", "operator", "technology", "device", "rsrp_dbm", "dl_kbps", "ul_kbps",
           "latency_ms", "stalled", "connected", "service"]  # fmt: skip
WEST, EAST, LAT = 116.0, 116.1, 39.9


def square(code, west):
    ring = [[west, 39.85], [west + 0.05, 39.85], [west + 0.05, 39.95], [west, 39.95], [west, 39.85]]
    return {"type": "Feature", "properties": {"code": code, "name": f"County {code}"},
            "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip


def collection(features):
    return json.dumps({"type": "FeatureCollection", "features": features})


def write(root, drives, app=(), *, pack=PACK, tests=""):
    """Write a workspace: `drives` and `app` are lists of rows, one dictionary each."""
    raw = root / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (root / "covermap.toml").write_text(CONFIG.format(pack=pack, tests=tests), encoding="utf-8")
    for name, rows in [*((f"drive{k}", rows) for k, rows in enumerate(drives)), ("app", app)]:
        table = pd.DataFrame(list(rows), columns=COLUMNS)
        if table.empty:  # a crowd that tested nothing
            table = pd.DataFrame([row(0, rsrp_dbm=-80)], columns=COLUMNS)
        table.to_csv(raw / f"{name}.csv", index=False)
    regions = [square("1", WEST), square("2", EAST), square("3", 117.0)]
    (raw / "regions.geojson").write_text(collection(regions), encoding="utf-8")
    road = {"type": "Feature", "properties": {"name": "West road"}, "geometry": {
        "type": "LineString", "coordinates": [[WEST + 0.01, LAT], [WEST + 0.04, LAT]]}}  # fmt: skip
    (raw / "roads.geojson").write_text(collection([road]), encoding="utf-8")
    return root


def row(minute, x=WEST + 0.02, **more):
    """A row of a test minutes after the first, on the way east."""
    return {"time": 1_750_000_000 + 60 * minute, "x": x + 1e-4 * minute, "y": LAT,
            "operator": "46000", "technology": "nr", **more}  # fmt: skip


def verdicts(root):
    build(root, BuildOptions())
    return Workspace(root).current().read("quality_verdicts").to_pandas()


def only(rows, figure, **where):
    where = {"scope": "all", "operator": "any", "technology": "any"} | where
    for name, value in {**where, "figure": figure}.items():
        rows = rows[rows[name] == value]
    return rows


def one(rows, figure, **where):
    (found,) = only(rows, figure, **where).to_dict("records")
    return found


def drive(seed, minutes=20, x=WEST + 0.02, **more):
    rng = np.random.default_rng(seed)
    return [
        row(k, x, dl_kbps=float(v), latency_ms=float(rng.integers(10, 60)), **more)
        for k, v in enumerate(rng.normal(300_000, 30_000, minutes).round())
    ]


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Five drives in the west, one of them in the east, and a crowd."""
    drives = [drive(k) for k in range(4)] + [drive(9, x=EAST + 0.02, operator="46001")]
    app = [row(k, dl_kbps=50_000.0 + k, device=f"phone {k % 7}") for k in range(30)]
    root = write(tmp_path_factory.mktemp("several"), drives, app)
    return drives, root, verdicts(root)


def test_tests_are_counted_in_every_place_that_they_were_made_in(several):
    drives, root, found = several
    rates = [r["dl_kbps"] for rows in drives[:4] for r in rows]
    got = one(found, "mean_downlink_mbps", operator="46000", technology="nr", source="drive")
    assert (got["tests"], got["runs"], got["clusters_by"]) == (80, 4, "run")
    assert got["value"] == pytest.approx(np.mean(rates) / 1000)
    in_west = one(found, "mean_downlink_mbps", scope="region", scope_id="1", source="drive")
    assert (in_west["tests"], in_west["name"]) == (80, "County 1")
    on_road = one(found, "mean_downlink_mbps", scope="line", source="drive")
    assert (on_road["tests"], on_road["name"]) == (80, "West road")
    east = one(found, "mean_downlink_mbps", scope="region", scope_id="2", source="drive")
    assert (east["tests"], east["clusters"]) == (20, 1)
    assert pd.isna(east["low"])
    evidence = Workspace(root).current().read("test_evidence").to_pandas()
    everywhere = evidence[evidence["scope"] == "all"]
    assert everywhere["n"].sum() == 100 * 2 + 30
    by_region = evidence[evidence["scope"] == "region"].groupby("kind")["sum"].sum()
    assert by_region.equals(everywhere.groupby("kind")["sum"].sum())  # all lie in a region


def test_evidence_is_in_the_order_of_its_key_and_has_no_row_twice(several):
    evidence = Workspace(several[1]).current().read("test_evidence").to_pandas()
    key = list(TEST_EVIDENCE.key)
    assert not evidence.duplicated(key).any()
    assert evidence[key].equals(evidence[key].sort_values(key).reset_index(drop=True))


def test_a_region_without_any_test_keeps_its_rows(several):
    found = several[2]
    empty = found[(found["scope"] == "region") & (found["scope_id"] == "3")]
    whole = found[found["scope"] == "all"]
    assert len(empty) == len(whole)
    assert (empty["tests"] == 0).all()
    assert empty[["value", "low", "high", "basis", "first_period"]].isna().all(axis=None)
    assert set(empty["answer"].dropna()) == {"undetermined"}


def test_sources_are_apart_and_what_mixes_them_says_so(several):
    found = several[2]
    figures = {s: one(found, "mean_downlink_mbps", operator="46000", technology="nr", source=s)
               for s in ("drive", "app", "mixed")}  # fmt: skip
    assert [figures[s]["tests"] for s in figures] == [80, 30, 110]
    weighed = sum(figures[s]["value"] * figures[s]["tests"] for s in ("drive", "app")) / 110
    assert figures["mixed"]["value"] == pytest.approx(weighed)
    assert (figures["app"]["clusters"], figures["app"]["clusters_by"]) == (7, "device")
    # only one source tested latency, so nothing is mixed
    assert only(found, "latency_median_ms", source="mixed").empty


def test_answers_are_where_the_interval_lies(several):
    found = several[2]
    good = one(found, "mean_downlink_mbps", operator="46000", technology="nr", source="drive")
    assert (good["target"], good["answer"]) == (220, "pass")
    assert good["low"] > 220
    assert good["probability"] > 0.975
    bad = one(found, "mean_downlink_mbps", operator="46000", technology="nr", source="app")
    assert (bad["answer"], bad["high"] < 220) == ("fail", True)
    few = one(found, "mean_downlink_mbps", operator="46001", technology="nr", source="drive")
    assert few["answer"] == "undetermined"
    share = one(found, "tests_share", operator="46000", technology="nr", source="drive")
    assert (share["value"], share["high"]) == (1, 1)
    assert (share["low"] < 0.95, share["answer"]) == (True, "undetermined")  # four drives only


def test_another_order_of_rows_and_files_gives_the_same_bytes(several, tmp_path):
    drives, root, _ = several
    app = [row(k, dl_kbps=50_000.0 + k, device=f"phone {k % 7}") for k in range(30)]
    other = write(tmp_path, [list(reversed(rows)) for rows in drives], app[::-1])
    build(other, BuildOptions())
    for name in ("test_evidence", "quality_verdicts"):
        both = [Workspace(r).current().read(name) for r in (root, other)]
        assert both[0].equals(both[1])


def test_another_pack_reads_no_sample(several, tmp_path, monkeypatch):
    drives, _, _ = several
    root = write(tmp_path, drives, tests="")
    build(root, BuildOptions())
    (root / "covermap.toml").write_text(CONFIG.format(pack="miit-2024", tests=""), encoding="utf-8")

    def refuse(*_args):
        raise AssertionError("a sample was read")

    monkeypatch.setattr("covermap.steps.quality.evidence.whole_runs", refuse)
    made = one(verdicts(root), "mean_downlink_mbps", operator="46000", technology="nr")
    assert made["target"] == 200


def test_what_is_declared_as_not_tested_is_not_counted(tmp_path):
    root = write(tmp_path, [drive(1)], tests='tests = ["latency"]')
    found = verdicts(root)
    assert only(found, "mean_downlink_mbps").empty
    assert one(found, "latency_median_ms", source="drive")["tests"] == 20


def test_no_service_never_meets_a_standard_and_is_in_the_mean_of_all(tmp_path):
    silent = [row(100 + k, dl_kbps=0.0, technology="", service="no") for k in range(5)]
    found = verdicts(write(tmp_path, [drive(k) + silent for k in range(3)]))
    share = one(found, "downlink_share", operator="46000", source="drive")
    assert share["value"] == pytest.approx(60 / 75)
    assert one(found, "downlink_share", operator="46000", technology="none")["value"] == 0
    own = one(found, "downlink_share", operator="46000", technology="nr")
    assert (own["value"], own["standard"]) == (1, 100)


def test_outcomes_count_and_a_stall_is_to_be_at_most(tmp_path):
    drives = [
        [row(2 * k, stalled=k % 10 == 0, connected=k % 4 != d % 4) for k in range(40)]
        for d in range(6)
    ]
    found = verdicts(write(tmp_path, drives))
    stall = one(found, "stall_share", operator="46000", technology="nr")
    assert (stall["value"], stall["target"]) == (pytest.approx(0.1), 0.05)
    connect = one(found, "connect_share", operator="46000", technology="nr")
    assert connect["value"] == pytest.approx(0.75)
    assert 0 < connect["low"] < 0.75 < connect["high"] < 1
    assert connect["answer"] in ("fail", "undetermined")


def test_a_pack_without_service_quality_tells_figures_and_no_answer(tmp_path):
    found = verdicts(write(tmp_path, [drive(k) for k in range(3)], pack="eirene"))
    assert set(found["figure"]) == {"mean_downlink_mbps", "latency_median_ms", "latency_p95_ms"}
    assert found[["target", "answer", "probability"]].isna().all(axis=None)
    assert one(found, "mean_downlink_mbps", operator="46000", technology="nr")["low"] > 0


def test_logs_without_any_test_give_empty_tables(tmp_path):
    root = write(tmp_path, [[row(k, rsrp_dbm=-90) for k in range(5)]])
    assert len(verdicts(root)) == 0
    assert Workspace(root).current().read("test_evidence").num_rows == 0


@pytest.mark.parametrize("resolution", [4, 6, 9])
def test_parents_of_cells_in_sql_are_those_of_the_core(resolution):
    duckdb = pytest.importorskip("duckdb")
    cells = cells_at(np.linspace(-179, 179, 50), np.linspace(-80, 80, 50), 10)
    values = ", ".join(f"({cell}::BIGINT)" for cell in cells)
    found = duckdb.sql(f"SELECT {parent_sql('c', resolution)} FROM (VALUES {values}) AS t(c)")
    assert [one for (one,) in found.fetchall()] == parents(cells, resolution).tolist()
