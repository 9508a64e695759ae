"""Files that nothing can be done with: one clear line, exit code 2, and the old build stays."""

from __future__ import annotations

import errno
import gzip
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commands import Said, covermap
from covermap.store import Workspace

pytestmark = pytest.mark.slow  # whole builds

TABLE = "time,lon,lat,plmn,tech,rsrp,sinr,speed,service\n"
ROW = "2026-03-01 08:00:00,120.6,31.3,46000,LTE,-90,5,10,true\n"


def zipped(content: bytes, name: str = "a.csv") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return made.getvalue()


def parquet() -> bytes:
    made = io.BytesIO()
    columns = TABLE.strip().split(",")
    pq.write_table(pa.table({c: pa.array(np.arange(500.0)) for c in columns}), made)
    return made.getvalue()


def workbook_bomb() -> bytes:
    return zipped(bytes(40 << 20), "xl/worksheets/sheet1.xml")


def damaged(content: bytes) -> bytes:
    spoilt = bytearray(content)
    spoilt[60] ^= 0xFF
    return bytes(spoilt)


TEXT = (TABLE + ROW * 50).encode()
BAD: dict[str, tuple[str, bytes, str]] = {
    "an empty file": ("bad.csv", b"", "the file is empty"),
    "only white space": ("bad.csv", b" \r\n\n", "the file is empty"),
    "a wrong delimiter": ("bad.csv", TEXT.replace(b",", b"^"), "which is one column by"),
    "other columns": ("bad.csv", TEXT.replace(b"lon,lat", b"a,b"), "no column 'lon'"),
    "a column twice": ("bad.csv", TEXT.replace(b"lon,lat", b"lon,lon"), "two columns are named"),
    "binary data": ("bad.csv", bytes(range(256)) * 40, "binary data where text is expected"),
    "a picture": ("bad.csv", b"\x89PNG\r\n\x1a\n" + bytes(400), "it looks like a PNG picture"),
    "a database": ("bad.csv", b"SQLite format 3\x00" + bytes(400), "SQLite"),
    "a truncated zip": ("bad.zip", zipped(TEXT)[:-30], "truncated or damaged"),
    "a zip damaged inside": ("bad.zip", damaged(zipped(TEXT)), "truncated or damaged"),
    "a zip of nothing": ("bad.zip", zipped(b"", "__MACOSX/x"), "holds no files"),
    "a zip bomb": ("bad.zip", zipped(bytes(40 << 20)), "zip bomb"),
    "a zip in a zip": ("bad.zip", zipped(zipped(TEXT), "b.zip"), "an archive inside an archive"),
    "a zip with an unsafe name": ("bad.zip", zipped(TEXT, "../../a.csv"), "unsafe member name"),
    "a truncated gz": ("bad.csv.gz", gzip.compress(TEXT)[:-12], "truncated"),
    "a gz bomb": ("bad.csv.gz", gzip.compress(bytes(40 << 20)), "zip bomb"),
    "a truncated Parquet": ("bad.parquet", parquet()[:-900], "not a readable Parquet file"),
    "a Parquet without its end": ("bad.parquet", parquet()[:-4], "not a readable Parquet file"),
    "a workbook bomb": ("bad.xlsx", workbook_bomb(), "zip bomb"),
    "a truncated workbook": ("bad.xlsx", zipped(TEXT)[:-30], "truncated or damaged"),
    "an unclosed quote": ("bad.csv", b'"' + TEXT, "no table: the header is"),
}  # fmt: skip


def declare(space: Path, name: str, content: bytes) -> Path:
    """Put a file beside the good log, declared as a log of the same columns."""
    path = space / "more" / name
    path.parent.mkdir()
    path.write_bytes(content)
    config = (space / "covermap.toml").read_text(encoding="utf-8")
    start, end = config.index("[[measurements]]"), config.index("[[lines]]")
    entry = config[start:end].replace('"drive"', '"more"', 1).replace("raw/*.csv", f"more/{name}")
    (space / "covermap.toml").write_text(config + "\n" + entry, encoding="utf-8")
    return path


def one_error(said: Said) -> str:
    """Give the one error line of a command that could do nothing."""
    assert said.code == 2, said
    (line,) = said.errors
    assert len(line) < 700
    return line


@pytest.mark.parametrize("kind", BAD)
def test_a_build_stops_with_one_line_and_the_old_build_stays(space: Path, kind: str) -> None:
    name, content, message = BAD[kind]
    before = Workspace(space).current_id
    declare(space, name, content)
    line = one_error(covermap("build", space, "--workers", "1"))
    assert line.startswith(f"Error: more/{name}"), line
    assert message in line
    assert Workspace(space).current_id == before
    assert Workspace(space).current().rows("samples") == 600


@pytest.mark.parametrize("kind", BAD)
def test_check_says_what_is_wrong_and_ends_with_code_2(tmp_path: Path, kind: str) -> None:
    name, content, _ = BAD[kind]
    path = tmp_path / name
    path.write_bytes(content)
    line = one_error(covermap("check", path))
    assert line.startswith(f"Error: {path}"), line


def test_keep_going_leaves_each_bad_file_aside_and_lists_it(space: Path) -> None:
    two = io.BytesIO()
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.csv", TEXT.replace(b"46000", b"46001"))
        archive.writestr("b.csv", b"")
    declare(space, "two.zip", two.getvalue())
    for name, content in (("cut.zip", zipped(TEXT)[:-30]), ("half.zip", damaged(zipped(TEXT)))):
        (space / "more" / name).write_bytes(content)
    config = (space / "covermap.toml").read_text(encoding="utf-8")
    (space / "covermap.toml").write_text(config.replace("more/two.zip", "more/*.zip"))
    stopped = covermap("build", space, "--workers", "1")
    assert stopped.code == 2
    assert "more/cut.zip: truncated" in stopped.err
    assert "more/half.zip!a.csv: truncated or damaged" in stopped.err
    done = covermap("build", space, "--workers", "1", "--keep-going")
    assert done.code == 0, done.err
    aside = [line for line in done.out.splitlines() if line.startswith("left aside: ")]
    assert [line.split(": ")[1] for line in aside] == [
        "more/cut.zip", "more/half.zip!a.csv", "more/two.zip!b.csv",
    ]  # fmt: skip
    assert "652 rows read = 601 accepted + 51 rejected" in done.out


def test_a_folder_where_a_file_is_expected_is_told(space: Path) -> None:
    path = declare(space, "bad.csv", b"x")
    path.unlink()
    path.mkdir()
    line = one_error(covermap("build", space, "--workers", "1"))
    assert "files = 'more/bad.csv' matches no file" in line
    assert "a folder, not a file" in one_error(covermap("check", path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_read_permission_is_told(space: Path) -> None:
    path = declare(space, "bad.csv", TEXT)
    path.chmod(0)
    for command in (("build", space, "--workers", "1"), ("check", path)):
        assert "bad.csv: cannot be read: Permission denied" in one_error(covermap(*command))


@pytest.mark.parametrize("name", ["bad.csv", "bad.csv.gz"])
def test_a_file_that_the_system_refuses_to_open_is_told(
    space: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = declare(space, name, TEXT)
    opened = Path.open

    def refuse(self: Path, *args: object, **kwargs: object) -> object:
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return opened(self, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    line = one_error(covermap("build", space, "--workers", "1"))
    assert f"more/{name}: cannot be read: Permission denied" in line
