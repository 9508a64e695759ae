"""Rows of regions as commands choose and name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from covermap.cli.printing import known
from covermap.errors import NotKnownError

if TYPE_CHECKING:
    import pandas as pd  # slow to load; the tables bring it when they are read


def only(rows: pd.DataFrame, wanted: Mapping[str, str | None]) -> pd.DataFrame:
    """Give the rows whose columns have the wanted values, one column after the other; None: any.

    Raises
    ------
    NotKnownError
        No row has the value: it names those that there are.
    """
    for column, value in wanted.items():
        if value is not None:
            names = sorted(set(rows[column].dropna()))
            if value not in names:
                raise NotKnownError(
                    f"no {column.removesuffix('_id')} {value!r} in the current build. There are: "
                    f"{', '.join(names) or 'none'}."
                )
            rows = rows[rows[column] == value]
    return rows


def region_of(row: dict[Any, Any]) -> str:
    """Name the region of a row; what lies in no region of a level is named so."""
    if row["scope"] == "outside":
        return f"outside every {row['level']}"
    if row["scope"] == "all":
        return "all"
    return f"{row['region_id']} {row['name']}" if known(row["name"]) else str(row["region_id"])
