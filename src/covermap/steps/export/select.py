"""Which rows of a build go into an export, and in which order."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from covermap.errors import ExportError, NotKnownError
from covermap.steps.export import every_cell
from covermap.store import Build

ROWS_PER_BATCH = 20_000

_TABLES = {
    "weak-spots": "weak_spots",
    "lines": "line_verdicts",
    "sections": "section_verdicts",
    "segments": "segment_verdicts",
    "profile": "segment_verdicts",
    "network": "network_verdicts",
    "people": "people_verdicts",
    "sites": "site_cells",
    "cells": "cell_verdicts",
    "samples": "samples",
}

_ORDER = {
    "weak-spots": "operator, technology, kind DESC, coalesce(length_m, area_m2) DESC, spot_id",
    "lines": "class, coalesce(ref, name, line_id), line_id, operator, technology",
    "sections": "operator, technology, line_id, kind, from_m, section_id",
    "segments": "operator, technology, line_id, segment",
    "profile": "line_id, operator, technology, segment",
    "network": "scope, class, region_id NULLS FIRST, operator, technology",
    "sites": "operator, site_id, cell_id, technology, lon, lat",
    "people": "operator, technology, scope, level NULLS FIRST, region_id NULLS LAST",
    "cells": every_cell.ORDER,
}
"""Cells and samples keep the order of their table, so that any number of them streams: cells file
by file."""
_PLACES = {
    "sections": ("sections", "section_id", ("from_m", "to_m")),
    "segments": ("segments", "line_id, segment", ("from_m", "to_m", "geometry")),
    "profile": ("segments", "line_id, segment", ("from_m", "to_m", "tunnel", "geometry")),
}
"""Kinds whose rows take more from another table: its name, the columns that join, what is taken."""

_SIZE = {
    "weak-spots": ("coalesce(length_m, area_m2)", "kind, operator, technology"),
    "lines": ("weak_km + none_km", "operator, technology"),
}
"""What `top` sorts by, largest first, and what it is counted within."""


@dataclass(frozen=True)
class Filters:
    """What was asked for; None: everything."""

    operator: str | None = None
    technology: str | None = None
    line: str | None = None
    """Identity, number or name of a line; spaces do not matter."""
    limit: int | None = None
    """So many rows at most, the first ones."""
    top: int | None = None
    """The so many largest (of each kind and layer)."""

    def text(self) -> str:
        """Say it in one line; 'none' when nothing was asked for."""
        said = [f"{name} = {value}" for name, value in vars(self).items() if value is not None]
        return ", ".join(said) or "none 无"


class Selection:
    """Rows of one kind of export of one build. Opens files only when rows are asked for."""

    def __init__(self, build: Build, kind: str, filters: Filters) -> None:
        self.build, self.kind, self.filters = build, kind, filters
        self.table = _TABLES[kind]
        self._layers = every_cell.layers_of(build) if kind == "cells" else None
        self._check()
        self.lines = self._line_ids()
        self.rows = int(self._one(f"SELECT count(*) FROM ({self._query()})")[0])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give the rows in batches, with every column of the table."""
        left = self.filters.limit
        for parts in self._pieces():
            connection = self._connect(parts)
            try:
                values = self._values() | ({} if left is None else {"limit": left})
                for batch in connection.sql(self._query(), params=values).to_arrow_reader(
                    ROWS_PER_BATCH
                ):
                    left = None if left is None else left - batch.num_rows
                    yield batch
            finally:
                connection.close()
            if left == 0:
                return

    def _pieces(self) -> list[list[Path]]:
        """Files that are read at a time, one piece's rows before the next one's."""
        parts = self.build.parts(self.table)
        return [[part] for part in parts] if self.kind == "cells" and parts else [parts]

    def sums(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query over the selected rows, named `selected`."""
        connection = self._connect()
        try:
            whole = f"WITH selected AS ({self._query()}) {query}"
            rows: list[tuple[Any, ...]] = connection.execute(whole, self._values()).fetchall()
            return rows
        finally:
            connection.close()

    def _connect(self, parts: list[Path] | None = None) -> Any:
        if self.kind == "cells":
            every = self.build.parts(self.table) if parts is None else parts
            return every_cell.connect(self.build, self._layers, every)
        names = {self.table, *(["matched"] if self._joined else [])}
        names |= {_PLACES[self.kind][0]} if self.kind in _PLACES else set()
        return self.build.connect(*sorted(names))

    @property
    def _joined(self) -> bool:
        return self.kind == "samples" and self.filters.line is not None

    def _check(self) -> None:
        if self.kind == "cells" and self.filters.line is not None:
            raise ExportError("cells lie on no line; leave --line out, or export weak-spots.")
        if self.kind == "network" and self.filters.line is not None:
            raise ExportError("network sums up lines; leave --line out, or export lines.")
        if self.kind == "people" and self.filters.line is not None:
            raise ExportError("people live on no line; leave --line out.")
        if self.kind == "sites" and self.filters.line is not None:
            raise ExportError("sites stand on no line; leave --line out.")
        if self.kind == "profile" and self.filters.line is None:
            raise ExportError("a profile is of one line: name it with --line.")
        if self.filters.top is not None and self.kind not in _SIZE:
            raise ExportError(f"--top is for weak-spots and lines; for {self.kind} use --limit.")
        for column in ("operator", "technology"):
            self._check_known(column, getattr(self.filters, column))

    def _check_known(self, column: str, value: str | None) -> None:
        if value is None:
            return
        connection = self._connect()
        try:
            table = "layers" if self.kind == "cells" else self.table
            query = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1"
            known = [row[0] for row in connection.execute(query).fetchall()]
        finally:
            connection.close()
        if value not in known:
            raise NotKnownError(
                f"no {column} {value!r} in the build's {self.table}. There are: "
                f"{', '.join(known) or 'none'}."
            )

    def _line_ids(self) -> list[str]:
        wanted = self.filters.line
        if wanted is None:
            return []
        lines = self.build.read("lines", ["line_id", "ref", "name"]).to_pylist()
        found = [r["line_id"] for r in lines if _plain(wanted) in map(_plain, r.values())]
        if found:
            return sorted(found)
        names = sorted({str(v) for r in lines for v in r.values() if v})
        close = difflib.get_close_matches(wanted, names, n=3)
        hint = f" Did you mean {', '.join(close)}?" if close else ""
        raise NotKnownError(
            f"no line {wanted!r} in the build.{hint} `covermap export lines` lists them."
        )

    def _query(self) -> str:
        where = ["true"]
        if self.filters.operator is not None:
            where.append("operator = $operator")
        if self.filters.technology is not None:
            where.append("technology = $technology")
        if self.lines:
            where.append("line_id IN (SELECT unnest($lines))")
        table = every_cell.VIEW if self.kind == "cells" else self.table
        query = f"SELECT s.* FROM {table} s WHERE {' AND '.join(where)}"
        if self.kind in _PLACES:
            table, keys, more = _PLACES[self.kind]
            query = (
                f"SELECT s.*, {', '.join(f'p.{name}' for name in more)} FROM {self.table} s "
                f"LEFT JOIN (SELECT {keys}, {', '.join(more)} FROM {table}) p USING ({keys}) "
                f"WHERE {' AND '.join(where)}"
            )
        if self._joined:
            query = (
                f"SELECT s.* FROM {self.table} s JOIN matched m USING (run_id, seq) "
                f"WHERE {' AND '.join(where)} ORDER BY run_id, seq"
            )
        if self.filters.top is not None:
            size, within = _SIZE[self.kind]
            query += (
                f" QUALIFY row_number() OVER (PARTITION BY {within} ORDER BY {size} DESC, "
                f"{'spot_id' if self.kind == 'weak-spots' else 'line_id'}) <= $top"
            )
        if self.kind in _ORDER:
            query += f" ORDER BY {_ORDER[self.kind]}"
        return query + (" LIMIT $limit" if self.filters.limit is not None else "")

    def _values(self) -> dict[str, Any]:
        given = {k: v for k, v in vars(self.filters).items() if v is not None and k != "line"}
        return {**given, "lines": self.lines} if self.lines else given

    def _one(self, query: str) -> tuple[Any, ...]:
        connection = self._connect()
        try:
            row: tuple[Any, ...] = connection.execute(query, self._values()).fetchone()
            return row
        finally:
            connection.close()


def _plain(value: str | None) -> str:
    return (value or "").replace(" ", "").casefold()
