"""Strings to numbers, integers and times; what cannot be read is blanked and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from covermap.formats.logs.rows import Rows
from covermap.formats.problem import Problem

MISSING = ("", "-", "null", "NULL", "None", "N/A", "n/a", "NA", "\\N", "#N/A")
"""How logs write 'no value'."""

LONGEST_EXAMPLE = 120
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
NOT_FINITE = r"^[+-]?([nN][aA][nN]|[iI]nf(inity)?|INF)$"


@dataclass
class Fields:
    """Columns of strings with typed access; collects the problems it meets.

    A column that the file does not have gives None from every method, so that a reader can ask
    for what a format may have.
    """

    columns: dict[str, pa.Array]
    line: pa.Array
    problems: list[Problem] = field(default_factory=list)
    missing: Sequence[str] = MISSING
    decimal_comma: bool = False
    """Numbers may be written 53,55 (the fields are not separated by commas)."""

    @classmethod
    def of(cls, rows: Rows) -> Fields:
        """Give typed access to the rows of a text file, taking over their problems."""
        return cls(rows.columns, rows.line, list(rows.problems))

    def __len__(self) -> int:
        """Count the records."""
        return len(self.line)

    def text(self, *names: str) -> pa.Array | None:
        """First of the named columns that the file has; missing values are null."""
        for name in names:
            if name in self.columns:
                values = self.columns[name].cast(pa.string())
                absent = pc.is_in(values, pa.array(list(self.missing)))
                return pc.if_else(absent, pa.scalar(None, pa.string()), values)
        return None

    def number(self, *names: str, factor: float = 1.0, finite: bool = True) -> pa.Array | None:
        """Column as float64 times `factor`; unreadable ones are null, counted `not_a_number`.

        With `finite` NaN and infinities are null; without it they stay (positions).
        """
        values = self.text(*names)
        if values is None:
            return None
        if self.decimal_comma:
            values = pc.replace_substring_regex(values, r"^([+-]?[0-9]+),([0-9]+)$", r"\1.\2")
        readable = pc.match_substring_regex(values, NUMBER)
        special = pc.match_substring_regex(values, NOT_FINITE)
        self._count_unreadable(values, pc.or_(readable, special), names)
        usable = readable if finite else pc.or_(readable, special)
        kept = pc.if_else(usable, pc.utf8_ltrim(values, "+"), pa.scalar(None, pa.string()))
        numbers = kept.cast(pa.float64())
        return numbers if factor == 1.0 else pc.multiply(numbers, factor)

    def integer(self, *names: str) -> pa.Array | None:
        """Column as int32; a fraction or a number beyond int32 is null and counted."""
        numbers = self.number(*names)
        if numbers is None:
            return None
        whole = pc.and_(pc.equal(numbers, pc.round(numbers)), pc.less(pc.abs(numbers), 2.0**31))
        values = self.text(*names)
        assert values is not None
        self._count_unreadable(values, pc.fill_null(whole, True), names)
        kept = pc.if_else(whole, numbers, pa.scalar(None, pa.float64()))
        return kept.cast(pa.int32())

    def _count_unreadable(self, values: pa.Array, readable: pa.Array, names: Sequence[str]) -> None:
        name = next(n for n in names if n in self.columns)
        bad = pc.and_(pc.is_valid(values), pc.invert(pc.fill_null(readable, True)))
        self.count(f"not_a_number:{name}", bad, values, "blanked")

    def count(self, problem: str, which: pa.Array, values: pa.Array | None, action: str) -> None:
        """Add a problem for the rows where `which` is true, with the first value as example."""
        which = pc.fill_null(which, False)
        total = pc.sum(which).as_py() or 0
        if not total:
            return
        first = pc.index(which, pa.scalar(True)).as_py()
        example = None if values is None else values[first].as_py()
        example = example if example is None else example[:LONGEST_EXAMPLE]
        line = self.line[first].as_py()
        self.problems.append(Problem(problem, int(total), line, example, action))

    def local_time(self, name: str, pattern: str) -> pa.Array:
        """Wall-clock times by a strptime pattern, as ms since 1970 of that clock; null if not so.

        A date that no calendar has (30 February) is not read.
        """
        values = self.text(name)
        assert values is not None
        return parse_clock(values, pattern)


def parse_clock(values: pa.Array, pattern: str) -> pa.Array:
    """Read times of whole seconds as int64 ms; null where text and pattern differ.

    Examples
    --------
    >>> parse_clock(pa.array(["2025.07.18_22.11.08", "2025.02.30_00.00.00"]),
    ...             "%Y.%m.%d_%H.%M.%S").to_pylist()
    [1752876668000, None]
    """
    times = pc.strptime(values, format=pattern, unit="s", error_is_null=True)
    same = pc.equal(_plain(pc.strftime(times, format=pattern)), _plain(values))
    seconds = times.cast(pa.int64())
    return pc.if_else(same, pc.multiply(seconds, 1000), pa.scalar(None, pa.int64()))


def _plain(texts: pa.Array) -> pa.Array:
    """Write a time without leading zeros and in lower case, for comparison."""
    return pc.utf8_lower(pc.replace_substring_regex(texts, r"(^|\D)0+(\d)", r"\1\2"))


def chosen(build: dict[str, Callable[[], pa.Array | None]]) -> dict[str, pa.Array]:
    """Call each and keep what the file has."""
    found = {name: make() for name, make in build.items()}
    return {name: values for name, values in found.items() if values is not None}
