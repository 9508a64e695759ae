"""What the number of a cell tells: resolution, parent, centre, neighbours.

Positions are WGS-84 longitude and latitude in degrees. A cell is stored as int64 (H3 leaves the top
bit 0); 0 is no cell. Every function is vectorised and gives arrays of the input's length.
"""

from __future__ import annotations

import h3ronpy
import h3ronpy.vector
import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from covermap.core.cells.lattice import NO_CELL

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_RESOLUTION_SHIFT = 52
_RESOLUTION_MASK = 0xF << _RESOLUTION_SHIFT
_BITS_PER_DIGIT = 3
_FINEST = 15


def _numpy(values: object) -> NDArray[np.generic]:
    return pa.array(values).to_numpy(zero_copy_only=False)


def _unsigned(cells: ArrayLike) -> pa.Array:
    return pa.array(np.asarray(cells, np.int64).view(np.uint64))


def resolutions(cells: ArrayLike) -> Ints:
    """H3 resolution of each cell.

    Examples
    --------
    >>> resolutions([0x8A309962CC9FFFF]).tolist()
    [10]
    """
    return (np.asarray(cells, np.int64) & _RESOLUTION_MASK) >> _RESOLUTION_SHIFT


def parents(cells: ArrayLike, resolution: int) -> Ints:
    """Parent of each cell at a coarser (or its own) resolution, by bit operation.

    `NO_CELL` stays `NO_CELL`. A parent does not contain its children exactly; results are rolled up
    by parent all the same, so that they add up.

    Raises
    ------
    ValueError
        A cell is coarser than `resolution`.

    Examples
    --------
    >>> hex(parents([0x8A309962CC9FFFF], 7)[0])
    '0x87309962cffffff'
    """
    cells = np.asarray(cells, np.int64)
    known = cells != NO_CELL
    if np.any(resolutions(cells[known]) < resolution):
        raise ValueError(f"a cell is coarser than resolution {resolution}: it has no parent there")
    unused = (1 << (_BITS_PER_DIGIT * (_FINEST - resolution))) - 1
    coarse = (cells & ~_RESOLUTION_MASK) | (resolution << _RESOLUTION_SHIFT) | unused
    return np.where(known, coarse, NO_CELL)


def descendants(cells: ArrayLike, resolution: int) -> Ints:
    """Every cell of a finer (or the same) resolution below the given ones, ascending.

    Of another length than the input. Cells must be distinct and of one resolution.

    Examples
    --------
    >>> below = descendants([0x8A309962CC9FFFF], 11)
    >>> len(below), bool((parents(below, 10) == 0x8A309962CC9FFFF).all())
    (7, True)
    """
    below = _numpy(h3ronpy.change_resolution(_unsigned(cells), int(resolution)))
    return np.sort(below.view(np.int64))


def centres(cells: ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude of each cell's centre, degrees WGS-84.

    Examples
    --------
    >>> lon, lat = centres([0x8A309962CC9FFFF])
    >>> lon.round(3).tolist(), lat.round(3).tolist()
    ([122.043], [31.348])
    """
    found = pa.record_batch(h3ronpy.vector.cells_to_coordinates(_unsigned(cells)))
    lon = found.column("lng").to_numpy(zero_copy_only=False)
    lat = found.column("lat").to_numpy(zero_copy_only=False)
    return lon.astype(np.float64), lat.astype(np.float64)


def neighbours(cells: ArrayLike) -> tuple[Ints, Ints]:
    """Pairs of neighbouring cells among the given ones, as positions in the array.

    Cells must be distinct and of one resolution. Each pair is given once, ``left < right``, sorted:
    of another length than the cells.

    Examples
    --------
    >>> left, right = neighbours([0x8A309962CC9FFFF, 0x8A309962CC87FFF, 0x8A309962C12FFFF])
    >>> list(zip(left.tolist(), right.tolist()))
    [(0, 1)]
    """
    cells = np.asarray(cells, np.int64)
    if not len(cells):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    disks = pa.array(h3ronpy.grid_disk(_unsigned(cells), 1))
    around = disks.flatten().to_numpy(zero_copy_only=False).view(np.int64)
    sizes = np.diff(disks.offsets.to_numpy(zero_copy_only=False))
    origin = np.repeat(np.arange(len(cells), dtype=np.int64), sizes)
    order = np.argsort(cells, kind="stable")
    place = np.minimum(np.searchsorted(cells[order], around), len(cells) - 1)
    other = order[place]
    pair = (cells[other] == around) & (origin < other)
    left, right = origin[pair], other[pair].astype(np.int64)
    sorting = np.lexsort((right, left))
    return left[sorting], right[sorting]
