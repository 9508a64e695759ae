"""What is noted about rows on their way in: who is rejected and why, and what was mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from covermap.tables import REJECT_REASONS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]

ACCEPTED = -1
REASONS = tuple(REJECT_REASONS)
NULL = "-"
"""How a value that is not given is shown."""


Part: TypeAlias = str | pa.Array | pa.ChunkedArray | Floats | Ints
"""A constant text, or a column with one value a row."""


@dataclass(frozen=True)
class Finding:
    """One kind of problem: which rows have it, the value to show, and what was done."""

    problem: str
    rows: Bools
    action: str
    shown: tuple[Part, ...] = ()
    """What makes the example when joined; empty: there is none to show."""

    def example(self, row: int) -> str | None:
        """Give the value of one row as text, None where it is null."""
        text: str | None = texts(np.array([row]), *self.shown)[0].as_py() if self.shown else None
        return None if text == NULL else text


@dataclass
class Notes:
    """Rejections, one reason a row, and findings, any number a row."""

    code: Codes
    """Index into REASONS, or ACCEPTED."""
    findings: list[Finding] = field(default_factory=list)
    details: list[tuple[Ints, pa.Array]] = field(default_factory=list)
    """Row numbers and what is wrong with them, by reason."""

    @classmethod
    def blank(cls, size: int) -> Notes:
        """Start with every row accepted and nothing found."""
        return cls(np.full(size, ACCEPTED, dtype=np.int8))

    def reject(self, rows: Bools, reason: str, *detail: Part) -> None:
        """Reject rows that are not rejected yet; the parts of `detail` are joined row by row.

        Examples
        --------
        >>> notes = Notes.blank(3)
        >>> notes.reject(np.array([False, False, True]), "no_time", "the row has no time")
        >>> notes.reject(np.array([True, False, True]), "sentinel", "level ", np.full(3, -200.0))
        >>> notes.reasons().to_pylist(), notes.why().to_pylist()
        (['sentinel', 'no_time'], ['level -200', 'the row has no time'])
        """
        new = np.flatnonzero(rows & (self.code == ACCEPTED))
        if new.size:
            self.code[new] = REASONS.index(reason)
            self.details.append((new, texts(new, *detail)))

    def find(self, problem: str, rows: Bools, action: str, *shown: Part) -> None:
        """Note a kind of problem; the parts of `shown` joined are its example."""
        self.findings.append(Finding(problem, rows, action, shown))

    def add(self, findings: Iterable[Finding]) -> None:
        """Note findings that somebody else made."""
        self.findings.extend(findings)

    @property
    def accepted(self) -> Bools:
        """Rows that nobody rejected."""
        return self.code == ACCEPTED

    def reasons(self) -> pa.Array:
        """Reason of each rejected row, in the order of the rows."""
        return pa.array(REASONS).take(pa.array(self.code[~self.accepted]))

    def why(self) -> pa.Array:
        """Detail of each rejected row, in the order of the rows."""
        if not self.details:
            return pa.array([], pa.string())
        rows = np.concatenate([rows for rows, _ in self.details])
        return pa.concat_arrays([text for _, text in self.details]).take(pa.array(np.argsort(rows)))


def texts(rows: Ints, *parts: Part) -> pa.Array:
    """Join constant texts and columns for some rows; numbers in their shortest form, null as '-'.

    Examples
    --------
    >>> texts(np.array([0, 1]), "level ", np.array([-24.0, np.nan]), " dBm").to_pylist()
    ['level -24 dBm', 'level - dBm']
    """
    some = [
        pa.repeat(pa.scalar(p), rows.size) if isinstance(p, str) else _text(p, rows) for p in parts
    ]
    return pc.binary_join_element_wise(*some, "", null_handling="replace", null_replacement=NULL)


def _text(column: pa.Array | pa.ChunkedArray | Floats | Ints, rows: Ints) -> pa.Array:
    if isinstance(column, np.ndarray):
        return pa.array(column[rows], from_pandas=True).cast(pa.string())
    some = column.take(pa.array(rows))
    some = some.combine_chunks() if isinstance(some, pa.ChunkedArray) else some
    return some.cast(pa.string())
