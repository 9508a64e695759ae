from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Entry, find_tile, serialize_directory, zxy_to_tileid

from covermap.errors import BuildError
from covermap.formats.archive import ArchiveWriter, Directory, TileArchive, archive_name, compress

BOUNDS = (121.0, 30.5, 122.0, 31.5)


def tiles_of(*addresses: tuple[int, int, int]) -> dict[tuple[int, int, int], bytes]:
    return {(z, x, y): compress(f"tile {z}/{x}/{y}".encode()) for z, x, y in addresses}


def write(path: Path, tiles: dict[tuple[int, int, int], bytes]) -> int:
    by_id = sorted((zxy_to_tileid(*address), data) for address, data in tiles.items())
    with ArchiveWriter(path) as writer:
        for tile_id, data in by_id:
            writer.add(tile_id, data)
        return writer.finish({"name": "cells", "vector_layers": []}, (4, 9), BOUNDS)


def test_tiles_come_back_by_address(tmp_path: Path) -> None:
    tiles = tiles_of((4, 13, 6), (9, 428, 209), (9, 429, 209))
    size = write(tmp_path / "a.pmtiles", tiles)
    archive = TileArchive(tmp_path / "a.pmtiles")
    assert size == (tmp_path / "a.pmtiles").stat().st_size
    for (z, x, y), data in tiles.items():
        assert archive.tile(z, x, y) == data
        assert gzip.decompress(data) == f"tile {z}/{x}/{y}".encode()
    assert archive.tile(9, 0, 0) is None
    assert archive.zooms == (4, 9)
    assert archive.bounds == BOUNDS
    assert archive.metadata["name"] == "cells"


@pytest.mark.parametrize("address", [(4, -1, 0), (4, 16, 0), (4, 0, 16), (32, 0, 0), (-1, 0, 0)])
def test_an_address_outside_the_world_is_nothing(
    tmp_path: Path, address: tuple[int, int, int]
) -> None:
    write(tmp_path / "a.pmtiles", tiles_of((4, 13, 6)))
    assert TileArchive(tmp_path / "a.pmtiles").tile(*address) is None


def test_the_library_reads_what_was_written(tmp_path: Path) -> None:
    tiles = tiles_of(*((10, 800 + i % 40, 400 + i // 40) for i in range(1600)))
    write(tmp_path / "a.pmtiles", tiles)
    with (tmp_path / "a.pmtiles").open("rb") as stream:
        source = MmapSource(stream)
        assert dict(all_tiles(source)) == tiles
        assert Reader(source).header()["clustered"]


def test_large_directories_are_read_through_their_leaves(tmp_path: Path) -> None:
    # scattered addresses and lengths keep the directory from shrinking to nothing
    rng = np.random.default_rng(1)
    places = {(12, int(x), int(y)) for x, y in rng.integers(0, 4096, (20_000, 2))}
    many = {a: f"{a}".encode() * int(rng.integers(1, 90)) for a in sorted(places)}
    write(tmp_path / "a.pmtiles", many)
    archive = TileArchive(tmp_path / "a.pmtiles")
    assert archive.header["leaf_directory_length"] > 0
    for address in sorted(places)[::500]:
        assert archive.tile(*address) == many[address]
    missing = next((12, 0, y) for y in range(4096) if (12, 0, y) not in places)
    assert archive.tile(*missing) is None


def test_an_archive_may_hold_nothing(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "a.pmtiles") as writer:
        writer.finish({"name": "cells"}, (4, 14), None)
    archive = TileArchive(tmp_path / "a.pmtiles")
    assert archive.tile(4, 0, 0) is None
    assert archive.zooms == (4, 14)
    with (tmp_path / "a.pmtiles").open("rb") as stream:
        assert dict(all_tiles(MmapSource(stream))) == {}


def test_tiles_must_come_in_order_of_their_ids(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "a.pmtiles") as writer:
        writer.add(7, b"seven")
        for late in (7, 3):
            with pytest.raises(ValueError, match="must ascend"):
                writer.add(late, b"late")


def test_tiles_that_are_cut_off_leave_nothing(tmp_path: Path) -> None:
    tiles = tiles_of((4, 13, 6), (5, 1, 1))
    with ArchiveWriter(tmp_path / "a.pmtiles") as writer:
        writer.add(1, b"first")
        writer.add(2, b"second" * 99)
        assert (len(writer), writer.largest) == (2, 594)
        writer.cut(1)
        writer.add(5, b"fifth")
        assert (len(writer), writer.largest) == (2, 5)
        writer.cut(0)
        for address, data in tiles.items():
            writer.add(zxy_to_tileid(*address), data)
        writer.finish({"name": "cells", "vector_layers": []}, (4, 9), BOUNDS)
    write(tmp_path / "b.pmtiles", tiles)
    assert (tmp_path / "a.pmtiles").read_bytes() == (tmp_path / "b.pmtiles").read_bytes()


def test_an_archive_that_is_not_finished_leaves_no_file(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "a.pmtiles") as writer:
        writer.add(1, b"tile")
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_compressed_tiles_hold_no_time() -> None:
    data = compress(b"tile")
    assert data[4:8] == bytes(4)
    assert gzip.GzipFile(fileobj=io.BytesIO(data)).read() == b"tile"


def test_a_broken_archive_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    write(path, tiles_of((4, 13, 6)))
    whole = path.read_bytes()
    for broken in (b"", b"PMTiles", b"GIF89a" + whole, whole[:140]):
        path.write_bytes(broken)
        with pytest.raises(BuildError, match="not a whole tile archive"):
            TileArchive(path)
    with pytest.raises(BuildError, match="not a whole tile archive"):
        TileArchive(tmp_path / "missing.pmtiles")


def test_names_of_operators_cannot_leave_the_folder() -> None:
    names = ["46000", "A/B", "../../x", "中国移动", "a.b", "a b", "%", "46000.nr"]
    files = [archive_name("cells", n, "nr") for n in names]
    assert len(set(files)) == len(names)
    assert all("/" not in f and f.count(".") == 3 for f in files)
    assert archive_name("cells", "中国移动", "nr") == "cells.中国移动.nr.pmtiles"


ENTRIES = st.lists(
    st.tuples(st.integers(1, 2**40), st.integers(0, 3), st.integers(1, 2**31), st.booleans()),
    min_size=0,
    max_size=60,
)


@given(ENTRIES, st.lists(st.integers(0, 2**46), max_size=20))
def test_a_directory_finds_what_the_reference_finds(
    rows: list[tuple[int, int, int, bool]], others: list[int]
) -> None:
    entries, tile_id, end = [], 0, 0
    for step, run, length, follows in rows:
        tile_id += step
        offset = end if follows else end + 7919 + step
        entries.append(Entry(tile_id, offset, length, run))
        tile_id, end = tile_id + run, offset + length
    directory = Directory(serialize_directory(entries))
    assert len(directory) == len(entries)
    near = [e.tile_id + k for e in entries for k in (-1, 0, 1, e.run_length)]
    for wanted in [*near, *others]:
        found = find_tile(entries, wanted)
        expected = found and (found.offset, found.length, found.run_length == 0)
        assert directory.find(wanted) == expected, wanted
