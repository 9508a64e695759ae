"""What a table is, and how data are brought into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from covermap.errors import TableError


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type, what it holds (with unit), and what null means."""

    name: str
    type: pa.DataType
    doc: str
    null: str | None = None

    @property
    def nullable(self) -> bool:
        """Whether null is allowed (it has a meaning)."""
        return self.null is not None


@dataclass(frozen=True)
class Table:
    """A named table: its columns and the columns by which it is sorted (its key)."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema, in column order."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(c.name for c in self.columns)


S, I16, I32, I64, F64, B = (
    pa.string(), pa.int16(), pa.int32(), pa.int64(), pa.float64(), pa.bool_(),
)  # fmt: skip
TS = pa.timestamp("ms", tz="UTC")
WKB = pa.binary()
STRS = pa.list_(pa.string())
C = Column


def empty(table: Table) -> pa.Table:
    """Give the table without rows."""
    return table.schema.empty_table()


def conform(data: pa.Table, table: Table) -> pa.Table:
    """Bring columns into the table's order and types; missing nullable ones become null.

    Raises
    ------
    TableError
        A column is missing that must not be null, is not known, cannot be cast, or has nulls
        where null has no meaning.
    """
    extra = set(data.column_names) - set(table.names)
    if extra:
        raise TableError(f"table {table.name}: unknown columns {sorted(extra)}")
    columns = []
    for column in table.columns:
        if column.name not in data.column_names:
            if not column.nullable:
                raise TableError(f"table {table.name}: column {column.name} is missing")
            columns.append(pa.nulls(data.num_rows, column.type))
            continue
        values = data.column(column.name)
        try:
            values = values.cast(column.type)
        except pa.ArrowInvalid as error:
            raise TableError(f"table {table.name}: column {column.name}: {error}") from None
        if values.null_count and not column.nullable:
            raise TableError(
                f"table {table.name}: column {column.name} has {values.null_count} nulls, "
                "and null has no meaning there"
            )
        columns.append(values)
    return pa.Table.from_arrays(columns, schema=table.schema)


def nan_as_null(values: NDArray[np.float64]) -> pa.Array:
    """Give an array of floats as a column in which NaN, 'not known', is null.

    Examples
    --------
    >>> nan_as_null(np.array([1.0, np.nan])).to_pylist()
    [1.0, None]
    """
    return pa.array(values, pa.float64(), from_pandas=True)


def in_order(data: pa.Table, table: Table) -> pa.Table:
    """Sort by the table's key, nulls last, ties by every other column: one order for one content.

    Binary columns are compared as hexadecimal text only where all else ties; none of the tables
    here has two rows that differ in a binary column alone, so they are left out of the order.
    """
    rest = [c.name for c in table.columns if c.name not in table.key and _sortable(c.type)]
    keys = [(name, "ascending") for name in (*table.key, *rest)]
    return data.sort_by(keys) if data.num_rows > 1 else data


def _sortable(kind: pa.DataType) -> bool:
    return not (pa.types.is_binary(kind) or pa.types.is_list(kind))
