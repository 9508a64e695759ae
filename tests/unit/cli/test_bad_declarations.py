"""A `covermap.toml` that cannot be used: what is wrong, where, what is allowed; nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import covermap
from covermap.store import Workspace
from workspaces import CONFIG

CHANGED = {
    "an unknown table": ("[grid]", "[gird]", "unknown key 'gird'; did you mean 'grid'?"),
    "an unknown key": ('datum = "wgs84"', 'datmu = "wgs84"',
                       "measurements #1 datmu: unknown key 'datmu'; did you mean 'datum'?"),
    "a key left out": ('format = "table"', "", "measurements #1 format: 'format' is missing"),
    "a key twice": ('salt = "s"', 'salt = "s"\nsalt = "t"', "line 5"),
    "no TOML": ("[grid]", "[grid", "not valid TOML"),
    "a glob of nothing": ("raw/*.csv", "raw/*.txt",
                          "'drive': files = 'raw/*.txt' matches no file under"),
    "a folder": ("raw/*.csv", "raw", "files = 'raw' matches no file under"),
    "a bad glob": ("raw/*.csv", "raw/**x/*", "is not a valid pattern"),
    "an empty glob": ("raw/*.csv", "", "files = '' names no file"),
    "the root as a glob": ("raw/*.csv", "/", "files = '/' names no file"),
    "files that are no list": ('["raw/*.csv"]', '"raw/*.csv"', "should be a valid list"),
    "no files": ('["raw/*.csv"]', "[]", "at least 1 item"),
    "an unknown datum": ('"wgs84"', '"wgs48"', "'wgs48': it can be wgs84, gcj02, bd09"),
    "an EPSG code that is none": ('"wgs84"', '"EPSG:999999"',
                                  "input drive: datum 'EPSG:999999': no such EPSG code"),
    "an unknown zone": ("Asia/Shanghai", "Asia/Shanghigh", "not an IANA time zone such as"),
    "an unknown source": ('source = "drive"', 'source = "plane"', "'drive', 'probe' or 'app'"),
    "an unknown format": ('"table"', '"tabel"', "no format 'tabel'. There are: gnettrack"),
    "an unknown class": ('"provincial"', '"prov"', "'national', 'provincial'"),
    "a column of ours that is none": ("rsrp_dbm =", "rsrp =", "did you mean 'rsrp_dbm'?"),
    "a column that the file lacks": ('"rsrp"', '"level"', "the file has no column 'level'; it has"),
    "two inputs of one name": ('name = "roads"', 'name = "drive"', "two inputs are named 'drive'"),
    "a name with capitals": ('name = "roads"', 'name = "Roads"', "lower-case letters, digits"),
    "a resolution too fine": ("resolution = 10", "resolution = 99", "less than or equal to 12"),
    "a value not filled in": ("Asia/Shanghai", "FILL IN", "timezone is still 'FILL IN'"),
    "an unknown rule pack": ("[grid]", '[rules]\npack = "nope"\n[grid]',
                             "no rule pack 'nope'. Shipped: "),
}  # fmt: skip


def fails(space: Path) -> str:
    """Give the one error line of a build that could not be made; the old one stays."""
    before = Workspace(space).current_id
    said = covermap("build", space, "--workers", "1")
    assert said.code == 2, said
    (line,) = said.errors
    assert Workspace(space).current_id == before
    assert Workspace(space).current().rows("samples") == 600
    return line


@pytest.mark.parametrize("kind", CHANGED)
def test_a_mistake_in_the_declarations_is_one_line_that_names_it(space: Path, kind: str) -> None:
    before, after, message = CHANGED[kind]
    assert before in CONFIG
    (space / "covermap.toml").write_text(CONFIG.replace(before, after, 1), encoding="utf-8")
    line = fails(space)
    assert message in line
    assert any(name in line for name in ("covermap.toml", "raw/run0.csv", "input drive", "rule"))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_file_that_is_not_utf8_is_told_with_the_line(space: Path, encoding: str) -> None:
    text = CONFIG.replace("test road", "测试")
    (space / "covermap.toml").write_bytes(text.encode(encoding))
    line = fails(space)
    assert f"line {3 if encoding == 'gb18030' else 1} is not UTF-8" in line
    assert "Save the file in the encoding UTF-8" in line


def test_utf8_with_a_mark_and_with_line_ends_of_windows_is_read(space: Path) -> None:
    data = CONFIG.replace("\n", "\r\n").encode("utf-8-sig")
    (space / "covermap.toml").write_bytes(data)
    before = Workspace(space).current_id
    assert covermap("build", space, "--workers", "1").code == 0
    assert Workspace(space).current_id == before


def test_a_workspace_without_declarations_or_without_file_says_what_to_do(space: Path) -> None:
    path = space / "covermap.toml"
    path.write_text("", encoding="utf-8")
    assert "no input is declared. `covermap check FILE`" in fails(space)
    path.unlink()
    assert "not found. `covermap new" in fails(space)
    path.mkdir()
    assert "not found" in fails(space)


def test_several_mistakes_are_all_told(space: Path) -> None:
    text = CONFIG.replace('datum = "wgs84"', 'datmu = "wgs84"').replace("resolution", "level")
    (space / "covermap.toml").write_text(text, encoding="utf-8")
    said = covermap("build", space, "--workers", "1")
    assert said.code == 2
    assert "'datmu'" in said.err
    assert "grid level: unknown key 'level'" in said.err
