"""Cells in a build: what is kept, what is judged again, periods, and disks that fill or fail."""

import errno
import re
import shutil
from pathlib import Path

import pytest

from covermap.errors import BuildError, ConfigError
from covermap.pipeline import BuildOptions, build
from covermap.shards import CodedWriter
from covermap.store import Workspace
from workspaces import built_workspace, make_workspace, table_bytes

pytestmark = pytest.mark.slow  # whole builds

ONE = BuildOptions(workers=1)
PROBE = """
[[measurements]]
name = "probe"
files = ["raw/probe/*.csv"]
format = "table"
source = "probe"
datum = "wgs84"
timezone = "UTC"
antenna = "roof"
columns = { time = "time", x = "lon", y = "lat", operator = "plmn", technology = "tech", rsrp_dbm = "rsrp", latency_ms = "ms" }
"""  # noqa: E501


def add_probe(root: Path, month: str, lon: float) -> None:
    """Add a log of a fixed probe, somewhere else, in some month."""
    folder = root / "raw" / "probe"
    if not folder.is_dir():
        folder.mkdir()
        with (root / "covermap.toml").open("a") as config:
            config.write(PROBE)
    rows = [f"{month}-03 08:00:{k:02d},{lon},31.3,46000,LTE,-90,{20 + k}" for k in range(30)]
    text = "\n".join(["time,lon,lat,plmn,tech,rsrp,ms", *rows]) + "\n"
    (folder / f"{month}.{lon}.csv").write_text(text)


def step(result, name):
    return next(s for s in result.steps if s.step == name)


def test_a_log_elsewhere_judges_its_shard_alone_and_gives_what_a_fresh_build_gives(tmp_path):
    root = make_workspace(tmp_path / "w", runs=2)
    add_probe(root, "2026-03", 104.0)
    build(root, ONE)
    add_probe(root, "2026-04", 104.0)
    add_probe(root, "2026-04", 87.0)
    again = build(root, ONE)
    cube, judged = step(again, "cube cell_evidence"), step(again, "judge_cells").notes
    assert (cube.parts, cube.cached) == (4, 2)
    assert step(again, "cube cell_tests").wrote == {"cell_tests": 60}
    assert (judged["shards_judged"], judged["shards_kept"]) == (2, 1)
    fresh = tmp_path / "fresh"
    shutil.copytree(root / "raw", fresh / "raw")
    shutil.copy(root / "covermap.toml", fresh)
    assert table_bytes(build(fresh, ONE).folder) == table_bytes(again.folder)


def test_periods_can_be_judged_by_themselves_without_reading_a_log_again(tmp_path):
    root = make_workspace(tmp_path / "w", runs=1)
    add_probe(root, "2026-01", 104.0)
    add_probe(root, "2026-05", 104.0)
    whole = build(root, ONE)
    before = build(root, BuildOptions(workers=1, last="2026-03"))
    after = build(root, BuildOptions(workers=1, first="2026-04"))
    assert step(before, "grid").cached == step(before, "grid").parts
    space = Workspace(root)

    def told(result):
        rows = space.build(result.id).connect("cell_verdicts").execute(
            "SELECT cell, n, last_period FROM cell_verdicts WHERE operator = '46000' "
            "AND technology = 'lte'"
        ).fetchall()  # fmt: skip
        return {cell: (n, period) for cell, n, period in rows}

    probe = next(iter(told(after)))
    assert told(after) == {probe: (30, "2026-05")}
    assert told(before)[probe] == (30, "2026-01")
    assert told(whole)[probe] == (60, "2026-05")
    assert len(told(before)) == len(told(whole)) > 10
    lines = space.build(after.id).read("line_verdicts").to_pylist()
    assert all(row["covered_km"] == 0 for row in lines), "the road was driven in March"
    assert space.build(after.id).manifest["config"]["judge"] == {"first": "2026-04", "last": None}


def test_evidence_is_kept_apart_by_the_period_that_is_declared(tmp_path):
    root = make_workspace(tmp_path / "w", runs=2)
    config = root / "covermap.toml"
    config.write_text(
        config.read_text().replace("resolution = 10", 'resolution = 9\nperiod = "day"')
    )
    made = build(root, ONE)
    names = {p.name.split(".")[1] for p in (made.folder / "cell_evidence").iterdir()}
    assert names == {"2026-03-01", "2026-03-02"}


def test_what_is_no_period_is_named(tmp_path):
    root = make_workspace(tmp_path / "w", runs=1)
    with pytest.raises(ConfigError, match=r"--first 2026-13: not a period.*2025-Q1"):
        build(root, BuildOptions(workers=1, first="2026-13"))


@pytest.mark.parametrize("name", ["cell_evidence", "cell_verdicts"])
def test_a_disk_that_fills_leaves_the_old_build_and_no_rubbish(tmp_path, monkeypatch, name):
    root = built_workspace(tmp_path / "w", runs=1)
    old = Workspace(root).current_id
    add_probe(root, "2026-04", 104.0)
    real = CodedWriter.write

    def full(self, rows, *rest):
        if name == "cell_verdicts" and "verdict" not in rows.column_names:
            return real(self, rows, *rest)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(CodedWriter, "write", full)
    with pytest.raises(BuildError, match=r"the disk is full \([\d,]+ MB left.*untouched"):
        build(root, ONE)
    monkeypatch.undo()
    assert Workspace(root).current_id == old
    assert not [p for p in root.rglob(".*") if p.name.endswith(".part")]
    assert build(root, ONE).id != old


def test_a_damaged_file_of_the_cube_is_named_and_made_anew_when_it_is_deleted(tmp_path):
    root = built_workspace(tmp_path / "w", runs=1)
    first = Workspace(root).current().folder
    before = table_bytes(first)
    kept = next((root / ".cache").glob("cube-*/cell_evidence.parquet"))
    data = kept.read_bytes()
    for path in (kept, next((first / "cell_evidence").iterdir())):
        path.unlink()
        path.write_bytes(data[:-9])
    with pytest.raises(BuildError, match="not a whole Parquet file") as caught:
        build(root, BuildOptions(workers=1, rules="trai"))
    folder = Path(re.search(r"Delete the folder (\S+)", str(caught.value)).group(1))
    shutil.rmtree(folder)
    assert table_bytes(build(root, ONE).folder) == before
