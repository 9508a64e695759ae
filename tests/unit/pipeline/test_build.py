"""Builds: complete, incremental, published in one step, the same bytes for the same content."""

from __future__ import annotations

import errno
import fcntl
import shutil
from pathlib import Path

import pytest

from covermap.errors import BuildError, BusyError, ConfigError, InputError
from covermap.pipeline import BuildOptions, BuildResult, build
from covermap.rules import pack_text
from covermap.store import MADE, Workspace
from covermap.tables import TABLES
from workspaces import built_workspace, make_workspace, table_bytes

pytestmark = pytest.mark.slow  # whole builds

ONE = BuildOptions(workers=1)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """Build a workspace from nothing."""
    return build(make_workspace(tmp_path_factory.mktemp("first") / "w"), ONE)


@pytest.fixture(scope="module")
def built(first: BuildResult) -> Path:
    """Give its workspace, for reading."""
    return first.folder.parents[1]


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """Give a copy of it, to be changed."""
    return shutil.copytree(built, tmp_path / "w", symlinks=True)


def test_a_build_has_every_table_of_the_house(built: Path) -> None:
    current = Workspace(built).current()
    nothing_tested = {"cell_tests"}
    of_evaluate = {"prediction_scores", "prediction_reliability"}
    for name in set(TABLES) - {"readings"} - nothing_tested - of_evaluate:
        assert current.has(name), name
        assert current.read(name).schema.equals(TABLES[name].schema), name
    assert list(current.tiles.glob("*.pmtiles"))


def test_accepted_and_rejected_add_up_to_what_was_read(first: BuildResult, built: Path) -> None:
    said = first.as_json()
    assert said["read"] == 3 * 602
    assert said["rejected"] == {"duplicate": 3, "no_position": 3}
    assert said["accepted"] + sum(said["rejected"].values()) == said["read"]
    current = Workspace(built).current()
    assert current.rows("samples") == said["accepted"]
    assert current.rows("rejected") == 6


def test_the_weak_stretch_is_found_where_it_is(built: Path) -> None:
    current = Workspace(built).current()
    rows = current.read("line_verdicts").to_pylist()
    mine = next(r for r in rows if (r["operator"], r["technology"]) == ("46000", "lte"))
    parts = [mine[f"{v}_km"] for v in ("covered", "weak", "none", "unmeasured")]
    assert sum(parts) == pytest.approx(mine["length_km"], abs=1e-6)
    assert mine["weak_km"] == pytest.approx(0.2 * mine["length_km"], abs=0.15)
    assert mine["none_km"] == pytest.approx(0.05 * mine["length_km"], abs=0.15)
    spots = current.read("weak_spots").to_pylist()
    sections = [s for s in spots if s["kind"] == "section" and s["operator"] == "46000"]
    assert any(s["from_m"] < 2000 < s["to_m"] for s in sections)


def test_rows_and_files_in_another_order_give_the_same_bytes(
    first: BuildResult, tmp_path: Path
) -> None:
    second = build(make_workspace(tmp_path / "b", shuffle=7), BuildOptions(workers=2))
    # Where a rejected row stood in its file is what changed; all else must not.
    leave = ("rejected", "problems")
    assert table_bytes(first.folder, leave) == table_bytes(second.folder, leave)


def test_a_second_build_takes_everything_from_the_cache(first: BuildResult, root: Path) -> None:
    before = table_bytes(first.folder)
    second = build(root, ONE)
    assert second.id == first.id
    ingest = next(s for s in second.steps if s.step == "ingest")
    assert ingest.cached == ingest.parts == 3
    assert table_bytes(second.folder) == before


def test_another_rule_pack_reads_no_log_again(first: BuildResult, root: Path) -> None:
    second = build(root, BuildOptions(workers=1, rules="trai"))
    assert second.id != first.id
    cached = {s.step: (s.cached, s.parts) for s in second.steps}
    assert cached["ingest"] == (3, 3)
    assert cached["grid"] == (3, 3)
    assert cached["judge_cells"][0] == cached["judge_lines"][0] == 0
    assert Workspace(root).current_id == second.id


def test_a_pack_that_asks_something_else_of_lines_alone_judges_no_cell_again(
    first: BuildResult, root: Path
) -> None:
    text = pack_text("project-default")
    assert text.count("[line]\nshare = 0.95") == 1
    (root / "lines.toml").write_text(text.replace("[line]\nshare = 0.95", "[line]\nshare = 0.5"))
    second = build(root, BuildOptions(workers=1, rules="lines.toml"))
    cached = {s.step: s.cached for s in second.steps}
    assert second.id != first.id
    assert (cached["judge_cells"], cached["judge_lines"], cached["tiles"]) == (1, 0, 0)
    # segments are judged as they were, so what follows from them stays as well
    assert (cached["count"], cached["weak"]) == (1, 1)
    drawn = next(s for s in second.steps if s.step == "tiles").notes
    lines = len(list((second.folder / "tiles").glob("lines.*")))
    assert drawn["archives_kept"] == drawn["archives"] - lines > lines
    other = make_workspace(root.parent / "o")
    shutil.copy(root / "lines.toml", other)
    fresh = build(other, BuildOptions(workers=1, rules="lines.toml"))
    assert table_bytes(second.folder) == table_bytes(fresh.folder)
    assert table_bytes(second.folder) != table_bytes(first.folder)


def test_one_new_log_ingests_one_log(tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w", runs=1)
    other = make_workspace(tmp_path / "o", runs=2)
    shutil.copy(other / "raw" / "run1.csv", root / "raw")
    again = build(root, ONE)
    ingest = next(s for s in again.steps if s.step == "ingest")
    assert (ingest.cached, ingest.parts) == (1, 2)
    assert table_bytes(again.folder) == table_bytes(build(other, ONE).folder)


def test_a_log_delivered_twice_counts_once(tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w", runs=1)
    shutil.copy(root / "raw" / "run0.csv", root / "raw" / "run9.csv")
    said = build(root, ONE).as_json()
    assert said["read"] == 2 * 602
    assert said["rejected"]["duplicate_file"] == 602


def test_a_log_that_cannot_be_read_stops_the_build_and_the_old_one_stays(
    first: BuildResult, root: Path
) -> None:
    (root / "raw" / "empty.csv").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.csv"):
        build(root, ONE)
    assert Workspace(root).current_id == first.id


def test_keep_going_leaves_an_unreadable_log_aside_and_says_so(root: Path) -> None:
    (root / "raw" / "empty.csv").write_bytes(b"")
    result = build(root, BuildOptions(workers=1, keep_going=True))
    assert len(result.unreadable) == 1
    assert "empty.csv" in result.unreadable[0]


def test_two_builds_at_once_are_refused(built: Path) -> None:
    with (built / ".cache" / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another"):
            build(built, ONE)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    root = built_workspace(tmp_path / "w", runs=1)
    path = Workspace(root).current().folder / "weak_spots.parquet"
    path.unlink()
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(BuildError, match=r"weak_spots\.parquet"):
        Workspace(root).current().read("weak_spots")


def test_a_workspace_without_inputs_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "covermap.toml").write_text("[workspace]\nname = 'x'\n")
    with pytest.raises(ConfigError, match="covermap check"):
        build(tmp_path, ONE)


def test_the_manifest_is_the_same_but_for_when_it_was_made(
    first: BuildResult, tmp_path: Path
) -> None:
    second = build(make_workspace(tmp_path / "b"), BuildOptions(workers=2))
    texts = [(r.folder / "build.json").read_text() for r in (first, second)]
    assert texts[0] == texts[1]
    assert (first.folder / MADE).is_file()


def test_lines_that_nobody_has_driven_are_unmeasured_and_not_absent(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    text = (root / "covermap.toml").read_text()
    before, _, lines = text.partition("[[measurements]]")
    (root / "covermap.toml").write_text(before + lines[lines.index("[[lines]]") :])
    build(root, ONE)
    (row,) = Workspace(root).current().read("line_verdicts").to_pylist()
    assert (row["operator"], row["technology"]) == ("any", "any")
    assert row["unmeasured_km"] == pytest.approx(row["length_km"])
    assert row["answer"] == "undetermined"


@pytest.mark.parametrize("name", ["build.json", "made.json", "weak_spots.parquet"])
def test_a_damaged_build_is_made_whole_by_building_again(tmp_path: Path, name: str) -> None:
    root = built_workspace(tmp_path / "w", runs=1)
    folder = Workspace(root).current().folder
    before = table_bytes(folder)
    (folder / name).unlink()
    if name == "build.json":
        (folder / name).write_text("{")
    again = build(root, ONE)
    assert again.id == folder.name
    assert table_bytes(again.folder) == before
    assert Workspace(root).current().manifest["id"] == folder.name


def test_a_full_disk_leaves_the_build_that_was_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = built_workspace(tmp_path / "w", runs=1)
    old = Workspace(root).current_id
    other = make_workspace(tmp_path / "o", runs=2)
    shutil.copy(other / "raw" / "run1.csv", root / "raw")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
        with pytest.raises(BuildError, match="the disk is full"):
            build(root, ONE)
    assert Workspace(root).current_id == old
    assert not list(root.rglob("*.part"))
    assert build(root, ONE).id != old
