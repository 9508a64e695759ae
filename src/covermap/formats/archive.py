"""Archives of vector tiles: PMTiles 3 files, written once and read tile by tile.

Tiles are compressed when the archive is written, with no time in them: the same tiles give the same
bytes. Source: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md
"""

from __future__ import annotations

import gzip
import json
import mmap
import shutil
import zlib
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pmtiles.tile import (
    Compression,
    Entry,
    TileType,
    deserialize_header,
    serialize_header,
    zxy_to_tileid,
)
from pmtiles.writer import optimize_directories

from covermap.errors import BuildError

SUFFIX = ".pmtiles"
HEADER_BYTES = 127
ROOT_END = 16_384
"""Header and root directory end before this byte, so that one request fetches both."""
LEVEL = 5
"""Of gzip. Of 40 MB of tiles of cells, level 4 makes 2.7 % more in 0.8 of the time, level 6 makes
1.4 % less in 1.5 times the time."""
Ints = NDArray[np.int64]
Bounds = tuple[float, float, float, float]
Address = tuple[int, int, int]
"""Zoom, column from the west, row from the north."""


def archive_name(kind: str, operator: str | None = None, technology: str | None = None) -> str:
    """File name of a layer's archive; what a file name cannot hold is written as %XX.

    Examples
    --------
    >>> archive_name("cells", "46000", "nr")
    'cells.46000.nr.pmtiles'
    >>> archive_name("cells", "A/B", "lte")
    'cells.A%2FB.lte.pmtiles'
    """
    parts = [p for p in (kind, operator, technology) if p is not None]
    return ".".join(_spelt(p) for p in parts) + SUFFIX


def _spelt(text: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else f"%{ord(c):02X}" for c in text)


def compress(tile: bytes) -> bytes:
    """Compress a tile; zlib works outside Python's lock, so threads can share the work."""
    return gzip.compress(tile, compresslevel=LEVEL, mtime=0)


class ArchiveWriter:
    """One archive as it is written: tiles go to a file beside it until the directory is known.

    Use it in a ``with`` block: an archive that is not finished leaves nothing behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._beside = path.with_name(f".{path.name}.tiles")
        self._ids: list[int] = []
        self._ends: list[int] = [0]
        self._checksums: list[int] = []

    def __enter__(self) -> Self:
        """Begin an archive without tiles."""
        self._stream = self._beside.open("wb+")
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove what lay beside it."""
        self._beside.unlink(missing_ok=True)
        with suppress(OSError):  # what was not written for want of room is not wanted any more
            self._stream.close()

    def __len__(self) -> int:
        """Count the tiles so far."""
        return len(self._ids)

    def add(self, tile_id: int, packed: bytes) -> None:
        """Take the next tile, compressed; ids ascend (:func:`covermap.core.tiles.tile_ids`).

        Raises
        ------
        ValueError
            The tile comes before one that is there.
        """
        if self._ids and tile_id <= self._ids[-1]:
            raise ValueError(f"tile {tile_id} comes after tile {self._ids[-1]}: ids must ascend")
        self._stream.write(packed)
        self._ids.append(tile_id)
        self._checksums.append(zlib.crc32(packed))
        self._ends.append(self._ends[-1] + len(packed))

    def cut(self, tiles: int) -> None:
        """Keep the first tiles, drop the others."""
        del self._ids[tiles:], self._checksums[tiles:]
        del self._ends[tiles + 1 :]
        self._stream.seek(self._ends[-1])
        self._stream.truncate()

    def entries(self, size: int) -> tuple[Ints, Ints, Ints, Ints]:
        """Id, first byte, length and CRC-32 of each tile in the finished archive of `size` bytes.

        Tiles lie at its end.
        """
        ends = np.array(self._ends, np.int64)
        start = size - ends[-1] + ends[:-1]
        ids, sums = np.array(self._ids, np.int64), np.array(self._checksums, np.int64)
        return ids, start, np.diff(ends), sums

    @property
    def largest(self) -> int:
        """Bytes of the largest tile."""
        return max((b - a for a, b in pairwise(self._ends)), default=0)

    def finish(
        self, metadata: dict[str, Any], zooms: tuple[int, int], bounds: Bounds | None
    ) -> int:
        """Write the archive; give its size in bytes.

        Parameters
        ----------
        metadata
            Name, attribution, `vector_layers` and the like.
        zooms
            Lowest and highest zoom that the archive answers for.
        bounds
            West, south, east, north, degrees WGS-84; None: nothing is in it.
        """
        entries = [
            Entry(tile_id, a, b - a, 1)
            for tile_id, (a, b) in zip(self._ids, pairwise(self._ends), strict=True)
        ]
        sizing: Any = optimize_directories
        root, leaves, _ = sizing(entries, ROOT_END - HEADER_BYTES)
        said = gzip.compress(json.dumps({**metadata, "zooms": list(zooms)}).encode(), mtime=0)
        header = {
            **_where(zooms, bounds), **_sections(len(root), len(said), len(leaves)),
            **dict.fromkeys(_COUNTS, len(entries)), "tile_data_length": self._ends[-1],
        }  # fmt: skip
        with self.path.open("wb") as stream:
            for part in (serialize_header(header), root, said, leaves):  # type: ignore[arg-type]
                stream.write(part)
            self._stream.seek(0)
            shutil.copyfileobj(self._stream, stream, 1 << 20)
            return stream.tell()


_COUNTS = ("addressed_tiles_count", "tile_entries_count", "tile_contents_count")


def _where(zooms: tuple[int, int], bounds: Bounds | None) -> dict[str, Any]:
    """Header fields of the kind of tiles and of where they are."""
    west, south, east, north = bounds or (-180.0, -85.0, 180.0, 85.0)
    return {
        "version": 3, "clustered": True,
        "internal_compression": Compression.GZIP, "tile_compression": Compression.GZIP,
        "tile_type": TileType.MVT, "min_zoom": zooms[0], "max_zoom": zooms[1],
        "min_lon_e7": round(west * 1e7), "min_lat_e7": round(south * 1e7),
        "max_lon_e7": round(east * 1e7), "max_lat_e7": round(north * 1e7),
        "center_zoom": zooms[0],
        "center_lon_e7": round((west + east) / 2 * 1e7),
        "center_lat_e7": round((south + north) / 2 * 1e7),
    }  # fmt: skip


def _sections(root: int, said: int, leaves: int) -> dict[str, int]:
    """Where the archive's sections lie, one after the other."""
    after = HEADER_BYTES + root
    return {
        "root_offset": HEADER_BYTES, "root_length": root, "metadata_offset": after,
        "metadata_length": said, "leaf_directory_offset": after + said,
        "leaf_directory_length": leaves, "tile_data_offset": after + said + leaves,
    }  # fmt: skip


class Directory:
    """A directory of an archive: which tiles, or which directories below it, lie where.

    Parameters
    ----------
    packed
        As it lies in the archive. Read with numpy: number by number takes ten times as long, while
        the first to ask for a tile waits.
    """

    def __init__(self, packed: bytes) -> None:
        numbers = _varints(gzip.decompress(packed))
        count = int(numbers[0])
        deltas, runs, lengths, said = numbers[1 : 1 + 4 * count].reshape(4, count)
        self._ids: list[int] = np.cumsum(deltas).tolist()
        self._runs: list[int] = runs.tolist()
        self._lengths: list[int] = lengths.tolist()
        self._offsets: list[int] = _offsets(said, lengths).tolist()

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._ids)

    def find(self, tile_id: int) -> tuple[int, int, bool] | None:
        """First byte and length of what a tile is in, and whether that is a directory."""
        at = bisect_right(self._ids, tile_id) - 1
        run = self._runs[at] if at >= 0 else 1
        if at < 0 or (run and tile_id - self._ids[at] >= run):
            return None
        return self._offsets[at], self._lengths[at], run == 0


def _varints(data: bytes) -> Ints:
    """Every number of a run of varints."""
    octets = np.frombuffer(data, np.uint8)
    starts = np.append(0, np.flatnonzero(octets < 128)[:-1] + 1)
    place = np.arange(len(octets)) - np.repeat(starts, np.diff(np.append(starts, len(octets))))
    numbers: Ints = np.add.reduceat((octets & 127).astype(np.int64) << 7 * place, starts)
    return numbers


def _offsets(said: Ints, lengths: Ints) -> Ints:
    """First byte of each entry: one more is said of it, or 0 where it follows the one before."""
    before = np.cumsum(lengths) - lengths
    first = np.flatnonzero(said)
    block = np.cumsum(said > 0) - 1
    return (said[first] - 1 - before[first])[block] + before


@dataclass
class TileArchive:
    """An archive open for reading; safe to use from several threads.

    Raises
    ------
    BuildError
        The file is missing, cut short, or not a PMTiles 3 archive of vector tiles.
    """

    path: Path
    header: Any = field(init=False)
    metadata: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Map the file and read its header, metadata and root directory."""
        try:
            with self.path.open("rb") as stream:
                self._bytes = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            self.header = deserialize_header(self._bytes[:HEADER_BYTES])
            self._root = Directory(self._piece("root_offset", "root_length"))
            said = gzip.decompress(self._piece("metadata_offset", "metadata_length"))
            self.metadata = json.loads(said)
        except Exception as error:
            raise BuildError(
                f"{self.path}: not a whole tile archive ({type(error).__name__}). "
                "Run `covermap build` again."
            ) from None
        self._leaf = lru_cache(maxsize=64)(self._read_leaf)
        self._lock = Lock()

    @property
    def zooms(self) -> tuple[int, int]:
        """Lowest and highest zoom that it answers for."""
        low, high = self.metadata.get("zooms", [self.header["min_zoom"], self.header["max_zoom"]])
        return int(low), int(high)

    @property
    def bounds(self) -> Bounds:
        """West, south, east, north, degrees WGS-84."""
        west, south, east, north = (
            self.header[k] / 1e7 for k in ("min_lon_e7", "min_lat_e7", "max_lon_e7", "max_lat_e7")
        )
        return west, south, east, north

    def tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """Compressed bytes of a tile; None where there is nothing."""
        if not (0 <= zoom <= 31 and 0 <= x < 1 << zoom and 0 <= y < 1 << zoom):
            return None
        tile_id = zxy_to_tileid(zoom, x, y)
        directory = self._root
        for _ in range(4):  # the specification allows three levels below the root
            entry = directory.find(tile_id)
            if entry is None:
                return None
            offset, length, is_directory = entry
            if not is_directory:
                start = self.header["tile_data_offset"] + offset
                return self._bytes[start : start + length]
            with self._lock:
                directory = self._leaf(offset, length)
        return None

    def _piece(self, offset: str, length: str) -> bytes:
        start = self.header[offset]
        return self._bytes[start : start + self.header[length]]

    def _read_leaf(self, offset: int, length: int) -> Directory:
        start = self.header["leaf_directory_offset"] + offset
        return Directory(self._bytes[start : start + length])
