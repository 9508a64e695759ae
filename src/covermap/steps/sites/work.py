"""Rows of a site table on their way: which are still in, why others are out, what was mended."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from covermap.formats.problem import Problem
from covermap.formats.sites import SiteRead
from covermap.tables import PROBLEMS, REJECTED, conform, in_order
from covermap.workspace import Sites


class Work:
    """Rows on their way: which are still in, why others are out, what was mended."""

    def __init__(self, read: SiteRead, declaration: Sites) -> None:
        self.cells, self.malformed, self.found = read.cells, read.malformed, read.problems
        self.declaration = declaration
        self.file = np.array(read.cells["file"].to_pylist(), object)
        self.line = read.cells["line"].to_numpy()
        self.reason = np.full(read.cells.num_rows, None, object)
        self.detail = np.full(read.cells.num_rows, "", object)
        self.doubts: dict[str, Any] = {}
        """Rows that stay and are doubtful, by kind."""

    def text(self, name: str) -> pa.Array:
        """Column as written, one chunk."""
        column = self.cells[name].combine_chunks()
        return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column

    def reject(self, flags: Any, reason: Any, detail: Any) -> None:
        """Put rows out that are still in."""
        new = np.asarray(flags, bool) & (self.reason == None)  # noqa: E711 - elementwise
        self.reason[new] = reason[new] if isinstance(reason, np.ndarray) else reason
        self.detail[new] = detail[new] if isinstance(detail, np.ndarray) else detail

    def count(self, problem: str, flags: Any, field: str, action: str) -> None:
        """Count rows of a kind of problem, file by file."""
        rows = np.flatnonzero(np.asarray(flags, bool) & (self.reason == None))  # noqa: E711
        written = self.text(field)
        for file in sorted(set(self.file[rows])):
            here = rows[self.file[rows] == file]
            example = written[int(here[0])].as_py()
            self.found.append(
                (file, Problem(problem, int(here.size), int(self.line[here[0]]), example, action))
            )

    def doubt(self, problem: str, flags: Any, field: str, marked: Any = None) -> None:
        """Count rows that stay as they are, and let these (or all `marked`) tell the doubt."""
        self.count(problem, flags, field, "kept")
        self.doubts[problem] = np.asarray(flags if marked is None else marked, bool)

    def doubts_of(self) -> list[str | None]:
        """Tell what is doubtful in each row, by commas; None: nothing."""
        names = sorted(self.doubts)
        flags = np.array([self.doubts[name] for name in names]).reshape(len(names), -1).T
        told = np.full(self.cells.num_rows, None, object)
        for row in np.flatnonzero(flags.any(axis=1)) if names else ():
            told[row] = ",".join(n for n, here in zip(names, flags[row], strict=True) if here)
        return list(told)

    def rejected(self) -> pa.Table:
        """Give the rows that are out, malformed ones included."""
        out = self.reason != None  # noqa: E711
        judged = pa.table(
            {
                "file": self.file[out],
                "line": self.line[out],
                "reason": self.reason[out],
                "detail": self.detail[out],
                "raw": self.cells["raw"].filter(pa.array(out)),
            },
            schema=self.malformed.schema,
        )
        rows = pa.concat_tables([self.malformed, judged])
        named = rows.append_column("input", pa.array([self.declaration.name] * rows.num_rows))
        return in_order(conform(named, REJECTED), REJECTED)

    def problems(self) -> pa.Table:
        """Give what was found, as the table of problems."""
        rows = [
            {"input": self.declaration.name, "file": file, **vars(problem)}
            for file, problem in self.found
        ]
        return in_order(pa.Table.from_pylist(rows, schema=PROBLEMS.schema), PROBLEMS)
