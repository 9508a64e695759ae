"""Tiles of an earlier build that would say the same: found by their marks, and taken as they are.

Beside its archives the step writes `marks/<archive>.npy`: of each tile its id, its mark (what it
was made of), where its bytes lie and their checksum. A tile of cells has the mark of what its cells
say: with the same mark it is not made again. Of other tiles it is the mark of their bytes: with the
same they are not compressed again, which takes longer than to make them.
"""

from __future__ import annotations

import hashlib
import mmap
import zlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from covermap.core.tiles.marks import Marks
from covermap.formats.archive import ArchiveWriter, compress
from covermap.steps.tiles.threads import THREADS, in_threads

Ints = NDArray[np.int64]
Packed = Generator[tuple[int, bytes], None, None]
"""Compressed tiles in order of their ids."""
MARKS = "marks"
NONE = -1


@dataclass(frozen=True)
class Earlier:
    """An earlier archive of the same layer."""

    listed: Ints
    """One row a tile, ids ascending: id, both lanes of the mark, start, length, checksum."""
    data: mmap.mmap

    def find(self, ids: Ints, marks: Marks) -> Ints:
        """Row of each tile that is there with the same mark; `NONE` for others."""
        if not len(self.listed):
            return np.full(len(ids), NONE, np.int64)
        row = np.minimum(np.searchsorted(self.listed[:, 0], ids), len(self.listed) - 1)
        same = (self.listed[row, 0] == ids) & (
            self.listed[row, 1:3] == marks.view(np.int64).reshape(-1, 2)
        ).all(axis=1)
        return np.where(same, row, NONE)

    def tile(self, row: int) -> bytes | None:
        """Give the bytes of a tile; None: they are not what was written."""
        start, length, checksum = self.listed[row, 3:].tolist()
        data = self.data[start : start + length]
        return data if zlib.crc32(data) == checksum else None


def open_earlier(folder: Path | None, name: str) -> Earlier | None:
    """Open an archive of an earlier result of the step; None: there is none that can be read."""
    if folder is None:
        return None
    try:
        listed = np.load(folder / MARKS / f"{name}.npy")
        with (folder / "tiles" / name).open("rb") as stream:
            return Earlier(listed, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):
        return None


@dataclass
class Marked:
    """Marks of the tiles of one archive as it is drawn."""

    by_zoom: dict[int, tuple[Ints, Marks]] = field(default_factory=dict)
    """Tile ids and their marks; of a zoom that is drawn twice the last ones stay."""

    def keep(self, writer: ArchiveWriter, size: int) -> None:
        """Write the marks of the tiles that are in the finished archive of `size` bytes."""
        ids, start, length, checksum = writer.entries(size)
        known = [np.zeros(0, np.int64), *(tiles for tiles, _ in self.by_zoom.values())]
        marks = [np.zeros((0, 2), np.uint64), *(marks for _, marks in self.by_zoom.values())]
        order = np.argsort(np.concatenate(known), kind="stable")
        at = order[np.searchsorted(np.concatenate(known)[order], ids)]
        lanes = np.concatenate(marks)[at].view(np.int64).reshape(-1, 2)
        folder = writer.path.parent.parent / MARKS
        folder.mkdir(exist_ok=True)
        listed = np.column_stack([ids, lanes, start, length, checksum])
        np.save(folder / f"{writer.path.name}.npy", listed)


Keep = Callable[[ArchiveWriter, int], None]
"""Told of an archive when it is finished, and of its size in bytes."""


class Packer:
    """Compresses the tiles of one archive, but for those that an earlier one has already."""

    def __init__(self, before: Path | None, name: str) -> None:
        self.earlier, self.marked = open_earlier(before, name), Marked()
        self.kept = 0
        """Tiles that the earlier archive had."""

    def pack(self, zoom: int, tiles: Mapping[int, bytes]) -> Packed:
        """Give the tiles of a zoom, compressed."""
        ids = np.array(sorted(tiles), np.int64)
        marks = np.array([_mark(tiles[i]) for i in ids.tolist()], np.uint64).reshape(-1, 2)
        self.marked.by_zoom[zoom] = ids, marks
        packed = {} if self.earlier is None else self._found(self.earlier, ids, marks)
        self.kept += len(packed)
        missing = [i for i in ids.tolist() if i not in packed]
        few = sum(len(tiles[i]) for i in missing) < SMALL_BYTES
        made = in_threads(compress, [tiles[i] for i in missing], 1 if few else THREADS)
        packed |= zip(missing, made, strict=True)
        yield from sorted(packed.items())

    def _found(self, earlier: Earlier, ids: Ints, marks: Marks) -> dict[int, bytes]:
        rows = zip(ids.tolist(), earlier.find(ids, marks).tolist(), strict=True)
        found = ((i, earlier.tile(row)) for i, row in rows if row != NONE)
        return {i: data for i, data in found if data is not None}


SMALL_BYTES = 500_000
"""Below, starting a thread takes longer than it saves."""


def _mark(data: bytes) -> NDArray[np.uint64]:
    return np.frombuffer(hashlib.blake2b(data, digest_size=16).digest(), "<u8")
