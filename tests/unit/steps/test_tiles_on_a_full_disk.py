"""A disk that fills up while tiles are written: one line says so, and nothing is left behind."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

import handmade
from covermap.errors import BuildError
from covermap.formats.archive import ArchiveWriter
from covermap.pipeline import BuildOptions, build
from covermap.store import Workspace
from workspaces import make_workspace, table_bytes


def full(*_args: Any, **_more: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(scope="module")
def tables() -> Path:
    return handmade.drawn()


@pytest.mark.parametrize(
    "moment",
    [
        "covermap.formats.archive.ArchiveWriter.add",
        "covermap.formats.archive.shutil.copyfileobj",
        "covermap.steps.tiles.sheets.np.save",
    ],
)
def test_it_is_told_in_one_line_with_the_folder_and_the_space(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(moment, full)
    with pytest.raises(BuildError) as told:
        handmade.run_tiles(tables, tmp_path)
    said = str(told.value)
    assert "\n" not in said
    assert str(tmp_path.parent) in said  # the folder itself goes
    assert "the disk is full" in said
    assert "MB are left" in said
    assert "need about" in said
    left = {p.name for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".pmtiles"}
    assert left == set(), "temporary files are left"


def test_another_fault_of_the_disk_is_not_taken_for_a_full_one(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(ArchiveWriter, "add", broken)
    with pytest.raises(OSError, match="Input/output error"):
        handmade.run_tiles(tables, tmp_path)


@pytest.mark.slow
def test_the_build_before_stays_and_the_next_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_workspace(tmp_path / "w", runs=1)
    served = build(root, BuildOptions(workers=1))
    before = table_bytes(served.folder)
    toml = root / "covermap.toml"
    toml.write_text(toml.read_text().replace("resolution = 10", "resolution = 9"))
    with monkeypatch.context() as patch:
        patch.setattr(ArchiveWriter, "add", full)
        with pytest.raises(BuildError, match="the disk is full"):
            build(root, BuildOptions(workers=1))
    current = Workspace(root).current()
    assert current.id == served.id
    assert table_bytes(current.folder) == before
    left = [p for p in root.rglob("*") if p.name.startswith(".") and p.name.endswith(".part")]
    assert left == []
    assert build(root, BuildOptions(workers=1)).id != served.id
