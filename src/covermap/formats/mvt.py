"""Vector tiles: shapes and their properties to Mapbox Vector Tile 2.1 bytes.

A layer's properties are turned into protobuf values once (:func:`encode_values`), each distinct
value one time; a compiled kernel then writes many tiles in one pass, giving every tile the keys and
the values that it uses. Layers of one tile are joined by joining their bytes. The same shapes and
properties give the same bytes. Source: https://github.com/mapbox/vector-tile-spec/tree/master/2.1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

VERSION = 2
_STRING, _DOUBLE, _INT, _UINT, _BOOL = 0x0A, 0x19, 0x30, 0x28, 0x38
"""Tags of the fields of a Value: number of the field, wire type."""


@dataclass(frozen=True)
class Values:
    """Properties of many features: `codes[i, k]` is the value of property k; -1 is 'has none'."""

    names: tuple[str, ...]
    codes: NDArray[np.int32]
    blob: Bytes
    """Every distinct value as a protobuf Value, one after the other."""
    starts: Ints
    """Where each value begins in `blob`, and its end."""


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


def encode_values(properties: pa.Table) -> Values:
    """Turn columns of text, whole numbers, decimals and booleans into tile values.

    Null and NaN mean that the feature does not have the property.

    Raises
    ------
    TypeError
        A column is of another type.
    """
    columns = [_plain(properties.column(name).combine_chunks()) for name in properties.column_names]
    codes = np.full((properties.num_rows, len(columns)), -1, np.int32)
    blobs, sizes, known = [], [], 0
    for kind in (pa.string(), pa.int64(), pa.float64(), pa.bool_()):
        at = [k for k, column in enumerate(columns) if column.type == kind]
        if not at or not properties.num_rows:
            continue
        coded = pc.dictionary_encode(pa.concat_arrays([columns[k] for k in at]))
        indices = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        indices = np.where(indices >= 0, indices + known, -1).astype(np.int32)
        codes[:, at] = indices.reshape(len(at), properties.num_rows).T
        blob, size = _value_bytes(coded.dictionary)
        blobs.append(blob)
        sizes.append(size)
        known += len(coded.dictionary)
    starts = np.concatenate([[0], *sizes]).cumsum().astype(np.int64)
    blob = np.concatenate([*blobs, np.zeros(0, np.uint8)])
    return Values(tuple(properties.column_names), codes, blob, starts)


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column.cast(pa.string())
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64())
    if pa.types.is_boolean(column.type):
        return column
    if not pa.types.is_floating(column.type):
        raise TypeError(f"a tile cannot hold a property of type {column.type}")
    values = column.cast(pa.float64())
    # adding zero makes one value of 0.0 and -0.0
    return pc.add(pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values), 0.0)


def _value_bytes(values: pa.Array) -> tuple[Bytes, Ints]:
    """Protobuf Values of distinct values, and the size of each."""
    if pa.types.is_string(values.type):
        data = values.cast(pa.large_binary())
        offsets = np.frombuffer(data.buffers()[1], np.int64)[
            data.offset : data.offset + len(data) + 1
        ]
        text = data.buffers()[2]
        return _string_values(np.frombuffer(text or b"", np.uint8), offsets)
    if pa.types.is_floating(values.type):
        numbers = values.to_numpy(zero_copy_only=False).astype("<f8")
        blob = np.empty((len(numbers), 9), np.uint8)
        blob[:, 0] = _DOUBLE
        blob[:, 1:] = numbers.view(np.uint8).reshape(len(numbers), 8)
        return blob.ravel(), np.full(len(numbers), 9, np.int64)
    if pa.types.is_boolean(values.type):
        flags = values.to_numpy(zero_copy_only=False).astype(np.uint8)
        blob = np.column_stack([np.full(len(flags), _BOOL, np.uint8), flags])
        return blob.ravel(), np.full(len(flags), 2, np.int64)
    return _int_values(values.to_numpy(zero_copy_only=False))


@njit(cache=True)
def _put(out: Bytes, at: int, value: Any) -> int:
    """Write a varint; give the position after it."""
    rest = np.uint64(value)
    while rest >= np.uint64(128):
        out[at] = np.uint8((rest & np.uint64(127)) | np.uint64(128))
        rest >>= np.uint64(7)
        at += 1
    out[at] = np.uint8(rest)
    return at + 1


@njit(cache=True)
def _varint_size(value: Any) -> int:
    rest, size = np.uint64(value), 1
    while rest >= np.uint64(128):
        rest >>= np.uint64(7)
        size += 1
    return size


@njit(cache=True)
def _string_values(text: Bytes, offsets: Ints) -> tuple[Bytes, Ints]:
    n = len(offsets) - 1
    out = np.empty(len(text) + 11 * n + 1, np.uint8)
    sizes = np.empty(n, np.int64)
    at = 0
    for i in range(n):
        start = at
        length = offsets[i + 1] - offsets[i]
        out[at] = _STRING
        at = _put(out, at + 1, length)
        out[at : at + length] = text[offsets[i] : offsets[i + 1]]
        at += length
        sizes[i] = at - start
    return out[:at].copy(), sizes


@njit(cache=True)
def _int_values(values: Ints) -> tuple[Bytes, Ints]:
    out = np.empty(11 * len(values) + 1, np.uint8)
    sizes = np.empty(len(values), np.int64)
    at = 0
    for i in range(len(values)):
        start = at
        if values[i] >= 0:
            out[at] = _UINT
            at = _put(out, at + 1, values[i])
        else:
            out[at] = _INT
            at = _put(out, at + 1, (values[i] << 1) ^ (values[i] >> 63))
        sizes[i] = at - start
    return out[:at].copy(), sizes


def encode_layer(
    name: str,
    geometry: Geometry,
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
    geometry
        Entries sorted by tile.
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
    bounds = _bounds(geometry.entry_starts, geometry.part_starts, feature, values.codes,
                     values.starts, tiles, len(keys))  # fmt: skip
    layers: list[bytes] = []
    for first, last in _batches(bounds, _BATCH_BYTES):
        data, ends = _encode(
            geometry.kind, geometry.entry_starts, geometry.part_starts, geometry.x, geometry.y,
            tiles[first : last + 1], feature, ids, values.codes, values.blob, values.starts,
            int(bounds[first:last].sum()), int(bounds[first:last].max()),
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


@njit(cache=True)
def _bounds(
    entry_starts: Ints, part_starts: Ints, feature: Ints, codes: NDArray[np.int32],
    value_starts: Ints, tiles: Ints, keys: int,
) -> Ints:  # fmt: skip
    """Upper bound of the bytes of each tile's features and values."""
    sizes = np.zeros(len(tiles) - 1, np.int64)
    for t in range(len(tiles) - 1):
        for e in range(tiles[t], tiles[t + 1]):
            parts = entry_starts[e + 1] - entry_starts[e]
            vertices = part_starts[entry_starts[e + 1]] - part_starts[entry_starts[e]]
            size = 64 + 8 * keys + 16 * parts + 10 * vertices
            for k in range(keys):
                code = codes[feature[e], k]
                if code >= 0:
                    size += value_starts[code + 1] - value_starts[code] + 6
            sizes[t] += size
    return sizes


@njit(cache=True)
def _encode(
    kind: NDArray[np.int8], entry_starts: Ints, part_starts: Ints,
    x: NDArray[np.int32], y: NDArray[np.int32], tiles: Ints, feature: Ints, ids: Ints,
    codes: NDArray[np.int32], blob: Bytes, value_starts: Ints, room: int, largest: int,
) -> tuple[Bytes, Ints]:  # fmt: skip
    """Features and values of tiles, in turn, and where each ends."""
    out = np.empty(room + 64, np.uint8)
    work = np.empty(largest + 64, np.uint8)
    ends = np.empty(2 * (len(tiles) - 1), np.int64)
    local = np.full(len(value_starts), -1, np.int64)
    used = np.empty(len(value_starts), np.int64)
    at = 0
    for t in range(len(tiles) - 1):
        count = 0
        for e in range(tiles[t], tiles[t + 1]):
            size, count = _feature(
                work, e, kind, entry_starts, part_starts, x, y, ids[feature[e]],
                codes[feature[e]], local, used, count,
            )  # fmt: skip
            out[at] = 0x12
            at = _put(out, at + 1, size)
            out[at : at + size] = work[:size]
            at += size
        ends[2 * t] = at
        for i in range(count):
            a, b = value_starts[used[i]], value_starts[used[i] + 1]
            out[at] = 0x22
            at = _put(out, at + 1, b - a)
            out[at : at + b - a] = blob[a:b]
            at += b - a
            local[used[i]] = -1
        ends[2 * t + 1] = at
    return out[:at], ends


@njit(cache=True)
def _feature(
    out: Bytes, e: int, kind: NDArray[np.int8], entry_starts: Ints, part_starts: Ints,
    x: NDArray[np.int32], y: NDArray[np.int32], number: int, codes: NDArray[np.int32],
    local: Ints, used: Ints, count: int,
) -> tuple[int, int]:  # fmt: skip
    """Write one Feature; give its size and the tile's count of values by now."""
    out[0] = 0x08
    at = _put(out, 1, number)
    size = 0
    for k in range(len(codes)):
        code = codes[k]
        if code < 0:
            continue
        if local[code] < 0:
            local[code] = count
            used[count] = code
            count += 1
        size += _varint_size(k) + _varint_size(local[code])
    out[at] = 0x12
    at = _put(out, at + 1, size)
    for k in range(len(codes)):
        if codes[k] >= 0:
            at = _put(out, at, k)
            at = _put(out, at, local[codes[k]])
    out[at], out[at + 1] = 0x18, kind[e]
    return _geometry(out, at + 2, e, kind[e], entry_starts, part_starts, x, y), count


@njit(cache=True)
def _geometry(
    out: Bytes, at: int, e: int, kind: int, entry_starts: Ints, part_starts: Ints,
    x: NDArray[np.int32], y: NDArray[np.int32],
) -> int:  # fmt: skip
    """Write an entry's commands behind a length of fixed width, then close the gap."""
    out[at] = 0x22
    start = at + 11
    end = start
    cx, cy = np.int64(0), np.int64(0)
    for part in range(entry_starts[e], entry_starts[e + 1]):
        first, last = part_starts[part], part_starts[part + 1]
        if kind == 1 and part == entry_starts[e]:
            end = _put(out, end, 1 | ((entry_starts[e + 1] - entry_starts[e]) << 3))
        for i in range(first, last):
            if kind != 1 and i == first:
                out[end] = 9
                end += 1
            elif kind != 1 and i == first + 1:
                end = _put(out, end, 2 | ((last - first - 1) << 3))
            dx, dy = np.int64(x[i]) - cx, np.int64(y[i]) - cy
            end = _put(out, end, (dx << 1) ^ (dx >> 63))
            end = _put(out, end, (dy << 1) ^ (dy >> 63))
            cx, cy = np.int64(x[i]), np.int64(y[i])
        if kind == 3:
            out[end] = 15
            end += 1
    at = _put(out, at + 1, end - start)
    for i in range(end - start):
        out[at + i] = out[start + i]
    return at + end - start
