"""Rows as plain Python values, for formats that are written as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def plain_rows(data: pa.RecordBatch, names: list[str]) -> Iterator[dict[str, Any]]:
    """Give each row as a dictionary; times as ISO 8601 text, null as None."""
    columns = [_plain(column) for column in data.columns]
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))


def _plain(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    return list(column.to_pylist())
