"""Rows that say again what another row said."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def exact_duplicates(rows: pa.Table, line: str = "line") -> NDArray[np.bool_]:
    """Rows equal to another in every column but `line`; of equals the lowest line is not marked.

    Nulls are equal to nulls. Which rows are marked does not depend on their order.

    Parameters
    ----------
    rows : pa.Table
        Rows with a column of distinct line numbers.

    Returns
    -------
    array of bool
        One entry a row.

    Examples
    --------
    >>> exact_duplicates(pa.table({"line": [1, 2, 3], "a": ["x", None, "x"]})).tolist()
    [False, False, True]
    """
    found = np.zeros(rows.num_rows, dtype=bool)
    others = [name for name in rows.column_names if name != line]
    if rows.num_rows < 2 or not others:
        return found
    suspects = _repeated(rows.column("raw" if "raw" in others else others[0]))
    if not suspects.any():
        return found
    few = rows.filter(pa.array(suspects))
    keys = [name for name in others if few.column(name).null_count < few.num_rows]
    first = few.group_by(keys or others[:1]).aggregate([(line, "min")]).column(f"{line}_min")
    found[suspects] = ~pc.is_in(few.column(line), value_set=first.combine_chunks()).to_numpy()
    return found


def _repeated(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Rows whose value in one column occurs more than once: a cheap sieve before the rest."""
    indices = column.combine_chunks().dictionary_encode().indices
    place = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return np.bincount(place)[place] > 1
