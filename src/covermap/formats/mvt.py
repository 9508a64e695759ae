"""Vector tiles: shapes and their properties to Mapbox Vector Tile 2.1 bytes.

Geometry is turned into commands once (:func:`encode_geometry`), however many layers are drawn with
it; properties into protobuf values (:mod:`covermap.formats.mvt_values`). A compiled kernel then
writes many tiles in one pass, giving every tile the keys and the values that it uses. Layers of one
tile are joined by joining their bytes. The same shapes and properties give the same bytes, however
they are cut into passes. Source: https://github.com/mapbox/vector-tile-spec/tree/master/2.1
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from covermap.formats.mvt_values import Values, put_varint, varint_size

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

VERSION = 2


@dataclass(frozen=True)
class Geometry:
    """Geometry of tile entries, flat: entry i has parts `entry_starts[i]:entry_starts[i + 1]`,
    part j vertices `part_starts[j]:part_starts[j + 1]` in tile units.

    `kind` is 1 point, 2 line, 3 polygon. Rings are not closed, outer ones first, and wound already.
    """  # noqa: D205

    kind: NDArray[np.int8]
    entry_starts: Ints
    part_starts: Ints
    x: NDArray[np.int32]
    y: NDArray[np.int32]


@dataclass(frozen=True)
class Commands:
    """Encoded geometry of tile entries: entry i is `data[starts[i]:starts[i + 1]]`."""

    kind: NDArray[np.int8]
    data: Bytes
    starts: Ints

    def __len__(self) -> int:
        """Count the entries."""
        return len(self.kind)

    def taken(self, entries: Ints) -> Commands:
        """Give some of the entries, in any order."""
        return Commands(self.kind[entries], *gathered(self.data, self.starts, entries))


@njit(cache=True, nogil=True)
def gathered(data: Bytes, starts: Ints, pieces: Ints) -> tuple[Bytes, Ints]:
    """Copy pieces of `data`, piece i being `data[starts[i]:starts[i + 1]]`, and where each is."""
    ends = np.zeros(len(pieces) + 1, np.int64)
    for i in range(len(pieces)):
        ends[i + 1] = ends[i] + starts[pieces[i] + 1] - starts[pieces[i]]
    out = np.empty(ends[-1], np.uint8)
    for i in range(len(pieces)):
        out[ends[i] : ends[i + 1]] = data[starts[pieces[i]] : starts[pieces[i] + 1]]
    return out, ends


def encode_geometry(geometry: Geometry) -> Commands:
    """Turn the geometry of entries into commands of the tile format."""
    data, starts = _commands(
        geometry.kind, geometry.entry_starts, geometry.part_starts, geometry.x, geometry.y
    )
    return Commands(geometry.kind, data, starts)


@njit(cache=True, nogil=True)
def _commands(
    kind: NDArray[np.int8], entry_starts: Ints, part_starts: Ints,
    x: NDArray[np.int32], y: NDArray[np.int32],
) -> tuple[Bytes, Ints]:  # fmt: skip
    parts = len(part_starts) - 1
    out = np.empty(10 * len(x) + 16 * parts + 16 * len(kind) + 16, np.uint8)
    starts = np.zeros(len(kind) + 1, np.int64)
    end = 0
    for e in range(len(kind)):
        cx, cy = np.int64(0), np.int64(0)
        for part in range(entry_starts[e], entry_starts[e + 1]):
            first, last = part_starts[part], part_starts[part + 1]
            if kind[e] == 1 and part == entry_starts[e]:
                end = put_varint(out, end, 1 | ((entry_starts[e + 1] - entry_starts[e]) << 3))
            for i in range(first, last):
                if kind[e] != 1 and i == first:
                    out[end] = 9
                    end += 1
                elif kind[e] != 1 and i == first + 1:
                    end = put_varint(out, end, 2 | ((last - first - 1) << 3))
                dx, dy = np.int64(x[i]) - cx, np.int64(y[i]) - cy
                end = put_varint(out, end, (dx << 1) ^ (dx >> 63))
                end = put_varint(out, end, (dy << 1) ^ (dy >> 63))
                cx, cy = np.int64(x[i]), np.int64(y[i])
            if kind[e] == 3:
                out[end] = 15
                end += 1
        starts[e + 1] = end
    return out[:end].copy(), starts


def encode_layer(
    name: str,
    commands: Commands,
    tiles: Ints,
    feature: Ints,
    ids: Ints,
    values: Values,
    extent: int = 4096,
) -> list[bytes]:
    """Write one layer of many tiles.

    Parameters
    ----------
    name
        Name of the layer.
    commands
        Geometry of the entries, sorted by tile.
    tiles
        First entry of each tile, and the number of entries at the end: shape (tiles + 1,).
    feature
        Row of `ids` and `values` that each entry is, shape (entries,).
    ids
        Feature ids, not negative, shape (features,). Below 2**53 a browser keeps them exactly.
    values
        Properties of the features.

    Returns
    -------
    list of bytes
        One a tile: a Tile message with this one layer; joined bytes make a tile of several layers.
    """
    keys = [k.encode() for k in values.names]
    head = bytes([0x78, VERSION]) + _field(0x0A, name.encode())
    tail = b"".join(_field(0x1A, k) for k in keys)
    bounds = _bounds(commands.starts, feature, values.codes, values.starts, tiles)
    layers: list[bytes] = []
    for first, last in _batches(bounds, _BATCH_BYTES):
        data, ends = _encode(
            commands.kind, commands.data, commands.starts,
            tiles[first : last + 1], feature, ids, values.codes, values.blob, values.starts,
            int(bounds[first:last].sum()),
        )  # fmt: skip
        for features, written in zip(*_slices(data, ends), strict=True):
            body = head + features + tail + written + _varint_field(0x28, extent)
            layers.append(_field(0x1A, body))
    return layers


_BATCH_BYTES = 32 << 20


def _field(tag: int, data: bytes) -> bytes:
    return bytes([tag]) + _varint(len(data)) + data


def _varint_field(tag: int, value: int) -> bytes:
    return bytes([tag]) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append((value & 127) | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def _batches(bounds: Ints, room: int) -> list[tuple[int, int]]:
    """Split tiles into runs whose upper bounds of size fit into `room` (at least one tile each)."""
    if not len(bounds):
        return []
    group = (np.cumsum(bounds) - bounds) // room
    cuts = np.flatnonzero(np.diff(group)) + 1
    starts = [0, *cuts.tolist()]
    return list(zip(starts, [*starts[1:], len(bounds)], strict=True))


def _slices(data: Bytes, ends: Ints) -> tuple[list[bytes], list[bytes]]:
    """Features and values of each tile."""
    pieces = [data[a:b].tobytes() for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return pieces[0::2], pieces[1::2]


@njit(cache=True, nogil=True)
def _bounds(
    starts: Ints, feature: Ints, codes: NDArray[np.int32], value_starts: Ints, tiles: Ints
) -> Ints:
    """Upper bound of the bytes of each tile's features and values."""
    sizes = np.zeros(len(tiles) - 1, np.int64)
    keys = codes.shape[1]
    for t in range(len(tiles) - 1):
        for e in range(tiles[t], tiles[t + 1]):
            sizes[t] += 64 + 12 * keys + starts[e + 1] - starts[e]
            for k in range(keys):
                code = codes[feature[e], k]
                if code >= 0:
                    sizes[t] += value_starts[code + 1] - value_starts[code] + 6
    return sizes


@njit(cache=True, nogil=True)
def _encode(
    kind: NDArray[np.int8], data: Bytes, starts: Ints, tiles: Ints, feature: Ints, ids: Ints,
    codes: NDArray[np.int32], blob: Bytes, value_starts: Ints, room: int,
) -> tuple[Bytes, Ints]:  # fmt: skip
    """Features and values of tiles, in turn, and where each ends."""
    out = np.empty(room + 64, np.uint8)
    ends = np.empty(2 * (len(tiles) - 1), np.int64)
    local = np.full(len(value_starts), -1, np.int64)
    used = np.empty(len(value_starts), np.int64)
    at = 0
    for t in range(len(tiles) - 1):
        count = 0
        for e in range(tiles[t], tiles[t + 1]):
            at, count = _feature(
                out, at, kind[e], data[starts[e] : starts[e + 1]], ids[feature[e]],
                codes[feature[e]], local, used, count,
            )  # fmt: skip
        ends[2 * t] = at
        for i in range(count):
            a, b = value_starts[used[i]], value_starts[used[i] + 1]
            out[at] = 0x22
            at = put_varint(out, at + 1, b - a)
            out[at : at + b - a] = blob[a:b]
            at += b - a
            local[used[i]] = -1
        ends[2 * t + 1] = at
    return out[:at], ends


@njit(cache=True, nogil=True)
def _feature(
    out: Bytes, at: int, kind: int, commands: Bytes, number: int, codes: NDArray[np.int32],
    local: Ints, used: Ints, count: int,
) -> tuple[int, int]:  # fmt: skip
    """Write one Feature; give where it ends and the tile's count of values by now."""
    tags = 0
    for k in range(len(codes)):
        code = codes[k]
        if code < 0:
            continue
        if local[code] < 0:
            local[code] = count
            used[count] = code
            count += 1
        tags += varint_size(k) + varint_size(local[code])
    drawn = len(commands)
    size = 5 + varint_size(number) + varint_size(tags) + tags + varint_size(drawn) + drawn
    out[at] = 0x12
    at = put_varint(out, at + 1, size)
    out[at] = 0x08
    at = put_varint(out, at + 1, number)
    out[at] = 0x12
    at = put_varint(out, at + 1, tags)
    for k in range(len(codes)):
        if codes[k] >= 0:
            at = put_varint(out, at, k)
            at = put_varint(out, at, local[codes[k]])
    out[at], out[at + 1], out[at + 2] = 0x18, kind, 0x22
    at = put_varint(out, at + 3, drawn)
    out[at : at + drawn] = commands
    return at + drawn, count
