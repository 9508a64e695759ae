"""Verdicts that two judgements of the same evidence do not share, with what is behind each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from covermap.core.cells import centres
from covermap.store import Tables
from covermap.tables import TABLES, Table, nan_as_null

VERDICT = ("verdict", "answer", "deep")
"""What a table of verdicts calls them."""
SAME: dict[str, tuple[str, ...]] = {
    name: (name,) for name in ("n", "n_none", "runs", "sinr_mean_db", "length_m")
}
"""Evidence that no rule touches: by our name, the columns that hold it."""
TOUCHED: dict[str, tuple[str, ...]] = {
    "rsrp_mean_dbm": ("rsrp_mean_dbm",),
    "share": ("share", "share_expected", "value"),
    "low": ("share_low", "low"),
    "high": ("share_high", "high"),
    "probability": ("probability", "p_pass", "p_met"),
}
"""Evidence that a rule touches (no service enters a mean at the pack's level): told twice."""
_TEXT, _WHOLE, _REAL = "VARCHAR", "BIGINT", "DOUBLE"
_KINDS = {"n": _WHOLE, "n_none": _WHOLE, "runs": _WHOLE}


def judged_tables() -> list[str]:
    """Names of the tables whose rows are verdicts.

    Examples
    --------
    >>> judged_tables()[:4]
    ['cell_verdicts', 'segment_verdicts', 'line_verdicts', 'section_verdicts']
    """
    return [name for name, table in TABLES.items()
            if name.endswith("_verdicts") and _verdict_of(table)]  # fmt: skip


def _verdict_of(table: Table) -> str | None:
    return next((name for name in VERDICT if name in table.names), None)


@dataclass(frozen=True)
class Changes:
    """What is judged otherwise in `after` than in `before`."""

    before: Tables
    after: Tables
    names: tuple[str, ...]
    """Tables that may differ."""

    def counts(self) -> list[dict[str, Any]]:
        """Count changes by kind and layer: before, after, how many, and their length in m."""
        found: list[dict[str, Any]] = self._run(
            "SELECT kind, operator, technology, before, after, count(*) AS changes, "
            "sum(round(length_m * 1000)::BIGINT)::DOUBLE / 1000 AS length_m FROM ({changed}) "
            "GROUP BY ALL ORDER BY kind, operator, technology, before, after"
        ).to_pylist()
        return found

    def rows(
        self, kind: str | None = None, operator: str | None = None, technology: str | None = None,
        most: int | None = None,
    ) -> pa.Table:  # fmt: skip
        """Give every change, by kind, layer and place; `most`: of each kind at most so many.

        Columns: kind, id, name, operator, technology, before, after, the evidence (`SAME`, and
        before_ and after_ each of `TOUCHED`), line, from_m, to_m, and lon, lat of a cell's centre.
        """
        asked = {"kind": kind, "operator": operator, "technology": technology}
        given = {name: value for name, value in asked.items() if value is not None}
        where = " AND ".join(f"{name} = ${name}" for name in given) or "true"
        few = "" if most is None else (
            f"QUALIFY row_number() OVER (PARTITION BY kind ORDER BY {_ORDER}) <= {most}"
        )  # fmt: skip
        found = self._run(
            f"SELECT * FROM ({{changed}}) WHERE {where} {few} ORDER BY kind, {_ORDER}", given
        )
        return _with_centres(found)

    def _run(self, query: str, given: dict[str, str] | None = None) -> pa.Table:
        with self.before.connect(*self.names, _ANY, "lines", "segments") as connection:
            for name in self.names:
                parts = [str(path) for path in self.after.parts(name)]
                connection.read_parquet(parts).create_view(f"after_{name}")
            nothing = _changed(_ANY, _ANY) + " AND false"  # of one form whatever there is
            changed = " UNION ALL ".join(
                [nothing, *(_changed(n, f"after_{n}") for n in self.names)]
            )
            return connection.sql(
                query.format(changed=changed), params=given or None
            ).to_arrow_table()


_ORDER = "operator, technology, line, from_m, id"


def kind_of(name: str) -> str:
    """Name what a table has verdicts of."""
    return name.removesuffix("_verdicts")


_ANY = "cell_verdicts"


def _changed(name: str, after: str) -> str:
    """Give the query for what changed in one table; `after` is the view of the other one."""
    table = TABLES[name]
    verdict = _verdict_of(table)
    keys = " AND ".join(f"a.{key} IS NOT DISTINCT FROM b.{key}" for key in table.key)
    joined = f"{name} a FULL JOIN {after} b ON {keys}"
    if "line_id" in table.names:
        joined += " LEFT JOIN lines l ON l.line_id = coalesce(a.line_id, b.line_id)"
    if "segment" in table.names:
        joined += (
            " LEFT JOIN segments s ON s.line_id = l.line_id "
            "AND s.segment = coalesce(a.segment, b.segment)"
        )
    columns = ", ".join(f"{what} AS {called}" for called, what in _columns(table, verdict))
    return f"SELECT {columns} FROM {joined} WHERE a.{verdict} IS DISTINCT FROM b.{verdict}"


def _columns(table: Table, verdict: str | None) -> Iterable[tuple[str, str]]:
    yield "kind", f"'{kind_of(table.name)}'"
    yield "id", _id_of(table)
    yield "name", _name_of(table)
    for name in ("operator", "technology"):
        yield name, _either(name) if name in table.names else f"NULL::{_TEXT}"
    yield "before", f"a.{verdict}"
    yield "after", f"b.{verdict}"
    for called, names in SAME.items():
        yield called, _first(table, names, "coalesce(a.{0}, b.{0})", _KINDS.get(called, _REAL))
    for called, names in TOUCHED.items():
        for side, prefix in (("a", "before"), ("b", "after")):
            yield f"{prefix}_{called}", _first(table, names, side + ".{0}", _REAL)
    lined, cut = "line_id" in table.names, "segment" in table.names
    yield "line", "coalesce(l.ref, l.name, l.line_id)" if lined else f"NULL::{_TEXT}"
    yield "from_m", "s.from_m" if cut else f"NULL::{_REAL}"
    yield "to_m", "s.to_m" if cut else f"NULL::{_REAL}"
    yield "cell", _either("cell") if "cell" in table.names else f"NULL::{_WHOLE}"


def _either(name: str) -> str:
    return f"coalesce(a.{name}, b.{name})"


def _first(table: Table, names: Sequence[str], what: str, kind: str) -> str:
    found = next((name for name in names if name in table.names), None)
    return f"NULL::{kind}" if found is None else f"{what.format(found)}::{kind}"


def _id_of(table: Table) -> str:
    if "cell" in table.key:
        return f"printf('%x', {_either('cell')})"
    own = [_either(key) for key in table.key if key not in ("operator", "technology")]
    return f"concat_ws('/', {', '.join(own)})"


def _name_of(table: Table) -> str:
    if "name" in table.names:
        return _either("name")
    return "l.name" if "line_id" in table.names else f"NULL::{_TEXT}"


def _with_centres(rows: pa.Table) -> pa.Table:
    """Put the centre of each cell in its place."""
    cells = rows.column("cell").combine_chunks()
    known = cells.is_valid().to_numpy(zero_copy_only=False)
    for name, found in zip(("lon", "lat"), centres(cells.drop_null().to_numpy()), strict=True):
        values = np.full(len(cells), np.nan)
        values[known] = found
        rows = rows.append_column(name, nan_as_null(values))
    return rows.drop_columns(["cell"])
