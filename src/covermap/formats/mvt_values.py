"""Properties of features as protobuf values of vector tiles, each distinct value one time."""

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


@njit(cache=True, nogil=True)
def put_varint(out: Bytes, at: int, value: Any) -> int:
    """Write a varint; give the position after it."""
    rest = np.uint64(value)
    while rest >= np.uint64(128):
        out[at] = np.uint8((rest & np.uint64(127)) | np.uint64(128))
        rest >>= np.uint64(7)
        at += 1
    out[at] = np.uint8(rest)
    return at + 1


@njit(cache=True, nogil=True)
def varint_size(value: Any) -> int:
    """Count the bytes of a varint."""
    rest, size = np.uint64(value), 1
    while rest >= np.uint64(128):
        rest >>= np.uint64(7)
        size += 1
    return size


@njit(cache=True, nogil=True)
def _string_values(text: Bytes, offsets: Ints) -> tuple[Bytes, Ints]:
    n = len(offsets) - 1
    out = np.empty(len(text) + 11 * n + 1, np.uint8)
    sizes = np.empty(n, np.int64)
    at = 0
    for i in range(n):
        start = at
        length = offsets[i + 1] - offsets[i]
        out[at] = _STRING
        at = put_varint(out, at + 1, length)
        out[at : at + length] = text[offsets[i] : offsets[i + 1]]
        at += length
        sizes[i] = at - start
    return out[:at].copy(), sizes


@njit(cache=True, nogil=True)
def _int_values(values: Ints) -> tuple[Bytes, Ints]:
    out = np.empty(11 * len(values) + 1, np.uint8)
    sizes = np.empty(len(values), np.int64)
    at = 0
    for i in range(len(values)):
        start = at
        if values[i] >= 0:
            out[at] = _UINT
            at = put_varint(out, at + 1, values[i])
        else:
            out[at] = _INT
            at = put_varint(out, at + 1, (values[i] << 1) ^ (values[i] >> 63))
        sizes[i] = at - start
    return out[:at].copy(), sizes
