"""`covermap publish map` on a file system that is full: what was published stays."""

from __future__ import annotations

from pathlib import Path

import pytest

import handmade
from commands import covermap
from covermap.service import Settings
from small_disks import leave_free, small_disk

pytestmark = pytest.mark.slow  # whole builds


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_full_disk_leaves_what_was_published_and_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, static = tmp_path / "w", tmp_path / "static"
    handmade.write_build(root)
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text('<head><meta charset="utf-8" /><title>m</title></head>')
    monkeypatch.setattr("covermap.service.Settings", lambda folder: Settings(folder, static))
    with small_disk(tmp_path / "disk", 16) as disk:
        out = disk / "map"
        assert covermap("publish", "map", str(out), str(root)).code == 0
        before = contents(out)
        filler = leave_free(disk, 8)
        said = covermap("publish", "map", str(out), str(root))
        assert said.code == 2
        (line,) = said.errors
        assert f"{out}: the disk is full; the map's archives alone need" in line
        assert "are left. What was published before is untouched." in line
        assert contents(out) == before
        assert sorted(p.name for p in disk.iterdir()) == ["filler", "map"]
        filler.unlink()
        assert covermap("publish", "map", str(out), str(root)).code == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # xlsxwriter's zip
def test_a_full_disk_under_any_other_command_is_told_in_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        leave_free(disk, 0)
        said = covermap("simulate", str(disk / "w"))
        assert said.code == 2
        (line,) = said.errors
        assert "the disk is full" in line
        assert "untouched" in line
