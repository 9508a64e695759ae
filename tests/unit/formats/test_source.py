"""Sources: plain files, gzip and zip, and everything that can be wrong with them."""

import gzip
import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covermap.errors import ArchiveError, FormatError, InputError
from covermap.formats.source import Limits, Source, expand
from covermap.formats.text import decode

TEXT = b"time,lon,lat\r\n1,2,3\r\n"


def one(path: Path) -> Source:
    (source,) = expand(path, path.name)
    return source


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_plain_file_is_one_source_shown_as_given(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    (source,) = expand(path, "raw/a.csv")
    assert (source.member, source.shown, source.name) == (None, "raw/a.csv", "a.csv")
    assert source.read_bytes() == TEXT
    assert source.head(4) == b"time"
    assert source.open_text().read() == "time,lon,lat\n1,2,3\n"


def test_a_gzip_reads_as_what_is_in_it_and_has_the_same_hash(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_bytes(TEXT)
    packed.write_bytes(gzip.compress(TEXT))
    assert one(packed).read_bytes() == TEXT
    assert one(packed).sha256() == one(plain).sha256()
    assert one(packed).name == "a.csv"


def test_a_zip_gives_its_files_sorted_without_what_other_systems_leave_in_it(
    tmp_path: Path,
) -> None:
    names = ["d/b.csv", "d/a.csv", "__MACOSX/d/._a.csv", "d/.DS_Store", "d/._b.csv", "d/"]
    path = zipped(tmp_path / "x.zip", dict.fromkeys(names, TEXT))
    sources = expand(path, "raw/x.zip")
    assert [s.shown for s in sources] == ["raw/x.zip!d/a.csv", "raw/x.zip!d/b.csv"]
    assert {s.read_bytes() for s in sources} == {TEXT}


def test_a_gzip_inside_a_zip_is_unpacked_too(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.csv.gz": gzip.compress(TEXT)})
    assert one(path).read_bytes() == TEXT


def test_a_spreadsheet_is_one_file_though_it_is_a_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.xlsx", {"xl/workbook.xml": b"<x/>"})
    assert one(path).member is None


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"^a.csv: the file is empty \(0 bytes\)\. Fetch it again"):
        one(path).read_bytes()
    path.write_bytes(b" \r\n\r\n")
    with pytest.raises(InputError, match="empty"):
        one(path).read_text()


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        expand(tmp_path / "no.csv", "no.csv")
    with pytest.raises(InputError, match="a folder, not a file"):
        expand(tmp_path, "raw")


@pytest.mark.parametrize("suffix", [".csv.gz", ".zip"])
def test_a_truncated_archive_is_one_clear_line(tmp_path: Path, suffix: str) -> None:
    data = TEXT * 5000
    path = tmp_path / f"a{suffix}"
    if suffix == ".zip":
        zipped(path, {"a.csv": data})
    else:
        path.write_bytes(gzip.compress(data))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ArchiveError, match=r"truncated.*fetch the file again") as caught:
        [s.read_bytes() for s in expand(path, path.name)]
    assert "\n" not in str(caught.value)


def test_a_damaged_member_is_found_when_it_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.csv": bytes(range(256)) * 50}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[200] ^= 255
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"x.zip!a.csv: truncated or damaged"):
        one(path).read_bytes()


def test_text_named_zip_is_a_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(TEXT)
    with pytest.raises(ArchiveError, match="damaged"):
        expand(path, "x.zip")


def test_bombs_are_refused_by_ratio_by_size_and_by_number_of_members(tmp_path: Path) -> None:
    zeros = b"0" * (20 << 20)
    bomb = zipped(tmp_path / "x.zip", {"a.csv": zeros})
    with pytest.raises(ArchiveError, match="zip bomb"):
        expand(bomb, "x.zip")
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(zeros))
    with pytest.raises(ArchiveError, match="zip bomb"):
        expand(packed, "a.gz")
    small = Limits(total_bytes=1000, members=3)
    with pytest.raises(ArchiveError, match="MiB when unpacked"):
        expand(zipped(tmp_path / "y.zip", {"a": b"1" * 600, "b": b"1" * 600}), "y.zip", small)
    many = zipped(tmp_path / "z.zip", {f"{i}.csv": b"1" for i in range(4)})
    with pytest.raises(ArchiveError, match="4 members, more than 3"):
        expand(many, "z.zip", small)


def test_a_gzip_that_grows_while_it_is_read_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"x" * 100_000))
    source = Source(path, None, "a.gz", Limits(total_bytes=50_000))
    with pytest.raises(ArchiveError, match="when unpacked"):
        source.read_bytes()
    assert source.head(10) == b"x" * 10


@pytest.mark.parametrize("name", ["../a.csv", "/etc/a.csv", "d/../../a.csv", "C:\\a.csv"])
def test_a_member_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveError, match="unsafe member name"):
        expand(zipped(tmp_path / "x.zip", {name: TEXT}), "x.zip")


def test_archives_inside_archives_are_refused(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", TEXT)
    with pytest.raises(ArchiveError, match="an archive inside an archive"):
        expand(zipped(tmp_path / "x.zip", {"b.zip": inner.getvalue()}), "x.zip")
    path = tmp_path / "y.gz"
    path.write_bytes(gzip.compress(inner.getvalue()))
    with pytest.raises(ArchiveError, match="an archive inside an archive"):
        expand(path, "y.gz")


def test_an_archive_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="holds no files"):
        expand(zipped(tmp_path / "x.zip", {"d/.DS_Store": b"x"}), "x.zip")


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    source = one(path)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        source.read_bytes()
    assert stat.S_ISREG(path.stat().st_mode)


@pytest.mark.parametrize(
    "data",
    [b"SQLite format 3\x00" + b"x" * 40, b"\x89PNG\r\n\x1a\n", b"PAR1abc", bytes(range(256)) * 20],
)
def test_binary_where_text_is_expected_is_named(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"x\.csv: binary data where text is expected"):
        decode(data, "x.csv")


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("gb18030", "gb18030"),
    ],
)
def test_each_encoding_of_a_chinese_table_is_found(encoding: str, found: str) -> None:
    text = "time,lon,lat,station\n" + "2024-01-01 00:00:00,120.0,31.0,经度站\n" * 5
    got = decode(text.encode(encoding), "x.csv")
    assert (got.text, got.encoding, got.problems) == (text, found, ())


def test_latin_1_is_not_taken_for_chinese() -> None:
    text = "name,level\nKöln,-80\nMünchen,-90\nZürich,-100\n"
    got = decode(text.encode("latin-1"), "x.csv")
    assert (got.text, got.encoding) == (text, "latin-1")


def test_mixed_encodings_are_decoded_line_by_line_and_counted() -> None:
    data = "a,b\n上海,1\n".encode() + "南京西路,2\n".encode("gb18030") + "苏州,3\n".encode()
    got = decode(data, "x.csv")
    assert got.text == "a,b\n上海,1\n南京西路,2\n苏州,3\n"
    (problem,) = got.problems
    assert (problem.problem, problem.count, problem.first_line) == ("mixed_encoding", 1, 3)


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30))
)
def test_utf_8_text_comes_back_as_it_was(lines: list[str]) -> None:
    text = "header,of,a,table\n" + "\n".join(lines)
    assert decode(text.encode(), "x").text == text
