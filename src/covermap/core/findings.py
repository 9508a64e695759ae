"""What is noted about rows on their way in: who is rejected and why, and what was mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Finding:
    """One kind of problem: which rows have it, the value to show, and what was done."""

    problem: str
    rows: Bools
    action: str
    values: pa.Array | Floats | None = None
    """Value of each row, for the example; None: there is none to show."""


@dataclass
class Notes:
    """Rejections, one reason a row, and findings, any number a row."""

    code: Codes
    """Index into REASONS, or ACCEPTED."""
    detail: pa.Array
    """What is wrong with the row; null where accepted."""
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def blank(cls, size: int) -> Notes:
        """Start with every row accepted and nothing found."""
        return cls(np.full(size, ACCEPTED, dtype=np.int8), pa.nulls(size, pa.string()))

    def reject(self, rows: Bools, reason: str, detail: str | pa.Array) -> None:
        """Reject rows that are not rejected yet; `detail` is one text, or one for every row.

        Examples
        --------
        >>> notes = Notes.blank(2)
        >>> notes.reject(np.array([True, False]), "no_time", "the row has no time")
        >>> notes.reject(np.array([True, True]), "no_operator", "none is named")
        >>> notes.reasons().to_pylist()
        ['no_time', 'no_operator']
        """
        new = rows & (self.code == ACCEPTED)
        if new.any():
            self.code[new] = REASONS.index(reason)
            self.detail = pc.if_else(pa.array(new), detail, self.detail)

    def find(
        self, problem: str, rows: Bools, action: str, values: pa.Array | Floats | None = None
    ) -> None:
        """Note a kind of problem."""
        self.findings.append(Finding(problem, rows, action, values))

    def add(self, findings: Iterable[Finding]) -> None:
        """Note findings that somebody else made."""
        self.findings.extend(findings)

    @property
    def accepted(self) -> Bools:
        """Rows that nobody rejected."""
        return self.code == ACCEPTED

    def reasons(self) -> pa.Array:
        """Reason of each row as text; null where accepted."""
        codes = pa.array(self.code, mask=self.accepted)
        return pa.DictionaryArray.from_arrays(codes, pa.array(REASONS)).cast(pa.string())


def texts(*parts: str | pa.Array | Floats | Ints) -> pa.Array:
    """Join constant texts and columns row by row; numbers show in their shortest form, null as '-'.

    Examples
    --------
    >>> texts("level ", np.array([-24.0, np.nan]), " dBm").to_pylist()
    ['level -24 dBm', 'level - dBm']
    """
    columns = [p if isinstance(p, str) else _text(p) for p in parts]
    return pc.binary_join_element_wise(*columns, "", null_handling="replace", null_replacement="-")


def _text(values: pa.Array | Floats | Ints) -> pa.Array:
    array = pa.array(values, from_pandas=True) if isinstance(values, np.ndarray) else values
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array if pa.types.is_string(array.type) else array.cast(pa.string())
