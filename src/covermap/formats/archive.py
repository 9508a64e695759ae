"""Archives of vector tiles: PMTiles 3 files, written once and read tile by tile.

Tiles are compressed when the archive is written, with no time in them: the same tiles give the same
bytes. Source: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md
"""

from __future__ import annotations

import gzip
import json
import mmap
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from pmtiles.tile import (
    Compression,
    Entry,
    TileType,
    deserialize_directory,
    deserialize_header,
    find_tile,
    serialize_directory,
    serialize_header,
    zxy_to_tileid,
)
from pmtiles.writer import Writer

from covermap.errors import BuildError

SUFFIX = ".pmtiles"
HEADER_BYTES = 127
SMALL_BYTES = 1 << 18
"""Below, starting threads takes longer than compressing."""
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


def compress(tiles: Iterable[bytes], threads: int = 2) -> Iterator[bytes]:
    """Compress tiles, in order; zlib works outside Python's lock, so threads share the work."""
    plain = list(tiles)
    if sum(map(len, plain)) < SMALL_BYTES:
        yield from map(_packed, plain)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(_packed, plain)


def _packed(tile: bytes) -> bytes:
    return gzip.compress(tile, compresslevel=6, mtime=0)


def write_archive(
    path: Path,
    tiles: dict[Address, bytes],
    metadata: dict[str, Any],
    zooms: tuple[int, int],
    bounds: Bounds | None,
) -> int:
    """Write compressed tiles as one archive; give its size in bytes.

    Parameters
    ----------
    path
        File to write.
    tiles
        Compressed vector tiles by address; may be none at all.
    metadata
        Name, attribution, `vector_layers` and the like.
    zooms
        Lowest and highest zoom that the archive answers for.
    bounds
        West, south, east, north, degrees WGS-84; None: nothing is in it.
    """
    west, south, east, north = bounds or (-180.0, -85.0, 180.0, 85.0)
    header = {
        "version": 3,
        "tile_compression": Compression.GZIP,
        "tile_type": TileType.MVT,
        "min_lon_e7": round(west * 1e7), "min_lat_e7": round(south * 1e7),
        "max_lon_e7": round(east * 1e7), "max_lat_e7": round(north * 1e7),
        "center_zoom": zooms[0],
        "center_lon_e7": round((west + east) / 2 * 1e7),
        "center_lat_e7": round((south + north) / 2 * 1e7),
    }  # fmt: skip
    said = {**metadata, "zooms": list(zooms)}
    by_id = sorted((zxy_to_tileid(*address), address) for address in tiles)
    with path.open("wb") as stream:
        if not by_id:
            stream.write(_empty(header, said, zooms))
            return stream.tell()
        writer: Any = Writer(stream)  # type: ignore[no-untyped-call]
        for tile_id, address in by_id:
            writer.write_tile(tile_id, tiles[address])
        writer.finalize(header, said)
        return stream.tell()


def _empty(header: dict[str, Any], metadata: dict[str, Any], zooms: tuple[int, int]) -> bytes:
    """Archive without tiles; the library's writer needs at least one."""
    root = serialize_directory([])
    said = gzip.compress(json.dumps(metadata).encode(), mtime=0)
    after = HEADER_BYTES + len(root) + len(said)
    counts = dict.fromkeys(
        ("addressed_tiles_count", "tile_entries_count", "tile_contents_count",
         "leaf_directory_length", "tile_data_length"), 0,
    )  # fmt: skip
    places = {
        "root_offset": HEADER_BYTES, "root_length": len(root),
        "metadata_offset": HEADER_BYTES + len(root), "metadata_length": len(said),
        "leaf_directory_offset": after, "tile_data_offset": after,
    }  # fmt: skip
    whole: Any = {
        **header, **counts, **places, "clustered": True,
        "internal_compression": Compression.GZIP, "min_zoom": zooms[0], "max_zoom": zooms[1],
    }  # fmt: skip
    return serialize_header(whole) + root + said


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
            self._root = deserialize_directory(self._piece("root_offset", "root_length"))
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
        entries = self._root
        for _ in range(4):  # the specification allows three levels below the root
            entry = find_tile(entries, tile_id)
            if entry is None:
                return None
            if entry.run_length:
                start = self.header["tile_data_offset"] + entry.offset
                return self._bytes[start : start + entry.length]
            with self._lock:
                entries = self._leaf(entry.offset, entry.length)
        return None

    def _piece(self, offset: str, length: str) -> bytes:
        start = self.header[offset]
        return self._bytes[start : start + self.header[length]]

    def _read_leaf(self, offset: int, length: int) -> list[Entry]:
        start = self.header["leaf_directory_offset"] + offset
        return deserialize_directory(self._bytes[start : start + length])
