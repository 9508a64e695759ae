"""Whole archives by range, as PMTiles clients and GDAL read them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pmtiles.reader import Reader

import handmade
from asking import Client
from covermap.formats.archive import TileArchive
from covermap.service import Settings, create_app
from covermap.service.ranges import OutsideError, part_of

ARCHIVE = "/tiles/cells/46000/lte.pmtiles"


@pytest.fixture
def path(workspace: Path) -> Path:
    return workspace / "builds" / "b1" / "tiles" / "cells.46000.lte.pmtiles"


def test_the_whole_archive_is_the_file(client: Client, path: Path) -> None:
    answer = client.get(ARCHIVE)
    assert answer.status_code == 200
    assert answer.content == path.read_bytes()
    assert answer.headers["content-type"] == "application/vnd.pmtiles"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-cache"
    assert "content-encoding" not in answer.headers
    assert "immutable" in client.get(f"{ARCHIVE}?build=b1").headers["cache-control"]


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-126", slice(0, 127)),
        ("bytes=127-", slice(127, None)),
        ("bytes=-10", slice(-10, None)),
        ("bytes=5-5", slice(5, 6)),
        ("bytes = 1 - 2", slice(1, 3)),
        ("bytes=0-999999999", slice(0, None)),
        ("bytes=-999999999", slice(0, None)),
    ],
)
def test_a_range_is_answered_with_its_bytes(
    client: Client, path: Path, asked: str, part: slice
) -> None:
    whole = path.read_bytes()
    answer = client.get(ARCHIVE, headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == whole[part]
    first, last, _ = part.indices(len(whole))
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(whole)}"
    assert answer.headers["content-length"] == str(len(whole[part]))


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0", "bytes=99999999-999999999"])
def test_a_range_behind_the_end_is_416_with_the_size(
    client: Client, path: Path, asked: str
) -> None:
    answer = client.get(ARCHIVE, headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{path.stat().st_size}"
    assert f"{path.stat().st_size} bytes" in answer.json()["error"]


@pytest.mark.parametrize(
    "asked", ["bytes=9-1", "lines=0-1", "bytes=", "bytes=a-b", "bytes=0-1,5-6"]
)
def test_what_is_no_single_range_gets_the_whole(client: Client, path: Path, asked: str) -> None:
    answer = client.get(ARCHIVE, headers={"range": asked})
    assert (answer.status_code, len(answer.content)) == (200, path.stat().st_size)


def test_if_range_holds_only_for_the_very_same_file(client: Client, path: Path) -> None:
    tag = client.get(ARCHIVE, headers={"range": "bytes=0-1"}).headers["etag"]
    assert tag.startswith('"')
    for held, status in ((tag, 206), (f"W/{tag}", 200), ('"other"', 200),
                         ("Sat, 21 Nov 2026 10:00:00 GMT", 200)):  # fmt: skip
        answer = client.get(ARCHIVE, headers={"range": "bytes=0-1", "if-range": held})
        assert answer.status_code == status, held
        assert len(answer.content) == (2 if status == 206 else path.stat().st_size)


def test_an_archive_that_the_client_has_is_not_sent_again(client: Client) -> None:
    tag = client.get(ARCHIVE).headers["etag"]
    for held in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = client.get(ARCHIVE, headers={"if-none-match": held, "range": "bytes=0-1"})
        assert (answer.status_code, answer.content) == (304, b"")


def test_head_tells_the_size_and_ignores_a_range(client: Client, path: Path) -> None:
    answer = client.request("HEAD", ARCHIVE, headers={"range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(path.stat().st_size)


def test_a_pmtiles_client_reads_every_tile_through_ranges(client: Client, path: Path) -> None:
    def piece(offset: int, length: int) -> bytes:
        asked = {"range": f"bytes={offset}-{offset + length - 1}"}
        return client.get(ARCHIVE, headers=asked).content

    reader: Any = Reader(piece)
    held = TileArchive(path)
    assert reader.header()["tile_data_length"] > 0
    found = 0
    for x in range(3428, 3433):
        for y in range(1671, 1676):
            tile = reader.get(12, x, y)
            assert tile == held.tile(12, x, y)
            found += tile is not None and len(gzip.decompress(tile)) > 0
    assert found >= 2


def test_what_is_not_there_is_named(client: Client, tmp_path: Path) -> None:
    for path, said in (
        ("/tiles/cells/46009/lte.pmtiles", "no operator '46009'"),
        ("/tiles/hills/46000/lte.pmtiles", "no kind of tiles 'hills'"),
        (f"{ARCHIVE}?build=old", "no build 'old' any more"),
    ):
        answer = client.get(path)
        assert answer.status_code == 404
        assert said in answer.json()["error"]
    folder = handmade.write_build(tmp_path)
    (folder / "tiles" / "cells.46000.lte.pmtiles").unlink()
    answer = Client(create_app(Settings(tmp_path))).get(ARCHIVE)
    assert answer.status_code == 404
    assert "nothing was drawn" in answer.json()["error"]


@given(st.integers(0, 40), st.integers(-3, 50) | st.none(), st.integers(-3, 50) | st.none())
def test_a_part_is_what_slicing_gives(size: int, first: int | None, last: int | None) -> None:
    if (first is not None and first < 0) or (last is not None and last < 0):
        return
    asked = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    data = bytes(range(size))
    try:
        part = part_of(asked, size)
    except OutsideError:
        assert size == 0 or (first is None and last == 0) or (first is not None and first >= size)
        return
    if part is None:
        assert (first is None and last is None) or (first or 0) > (last if last is not None else 99)
        return
    wanted = data[first : None if last is None else last + 1] if first is not None else data[-last:]  # type: ignore[operator]
    assert data[part.start : part.end] == wanted
    assert 0 < part.size == len(wanted)
