"""Columns to lines of text, fast: numbers as people write them, missing as the format writes it."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def number(values: NDArray, missing: str = "", decimals: int | None = None) -> pa.Array:
    """Numbers as text: the shortest that reads back equal; whole ones without a point; NaN missing.

    Examples
    --------
    >>> number(np.array([1.0, np.nan, 121.32])).to_pylist()
    ['1', '', '121.32']
    """
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return pa.array(array).cast(pa.string())
    made = array if decimals is None else np.round(array, decimals)
    blank = np.isnan(made)
    whole = (~blank) & (made == np.floor(made)) & (np.abs(made) < 2.0**53)
    if (whole | blank).all():
        text = pa.array(np.where(blank, 0, made).astype(np.int64)).cast(pa.string())
    else:
        cut = pc.replace_substring_regex(pa.array(made + 0.0).cast(pa.string()), r"\.0$", "")
        text = cut
    return pc.if_else(pa.array(blank), pa.scalar(missing), text)


def text(values: NDArray | Sequence[str], missing: str = "") -> pa.Array:
    """Text; empty ones as the format writes 'missing'."""
    array = pa.array(np.asarray(values, dtype=object), pa.string())
    return pc.if_else(pc.equal(array, ""), pa.scalar(missing), array)


def lines(columns: Sequence[pa.Array | str], separator: str) -> list[bytes]:
    """Join columns (or constants) into one line a row, without line ends."""
    size = next(len(c) for c in columns if not isinstance(c, str))
    arrays = [pa.array([c] * size) if isinstance(c, str) else c for c in columns]
    joined = pc.binary_join_element_wise(*arrays, separator)
    return joined.cast(pa.binary()).to_pylist()


def write_lines(path: Path, header: bytes, rows: Sequence[bytes], end: bytes = b"\n") -> None:
    """Write a header and rows."""
    path.write_bytes(end.join([header, *rows]) + end)


def write_gzip(path: Path, data: bytes) -> None:
    """Write gzip whose bytes depend on the content alone (no time, no name)."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=6) as file:
        file.write(data)
    path.write_bytes(buffer.getvalue())
